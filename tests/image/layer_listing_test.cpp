// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/layer_listing.hpp"

#include <catch2/catch.hpp>

#include "cullet/image/compare.hpp"
#include "cullet/image/contents.hpp"

#include "archive/raw_tar.hpp"
#include "support.hpp"

using namespace cullet;
using namespace cullet::image;
using archive::end_of_archive;
using archive::raw_entry;

namespace {

/// A repository that counts how often a blob is opened.
class Counting final : public Repository {
 public:
  explicit Counting(Repository& inner) : inner_(inner) {}
  int opened = 0;

  [[nodiscard]] std::string name() const override { return inner_.name(); }
  std::optional<Descriptor> find_tag(const std::string& tag) override {
    return inner_.find_tag(tag);
  }
  std::vector<std::string> tags() override { return inner_.tags(); }
  std::optional<ManifestBytes> find_manifest(const BlobDigest& digest) override {
    return inner_.find_manifest(digest);
  }
  bool has_manifest(const BlobDigest& digest) override { return inner_.has_manifest(digest); }
  bool has_blob(const Descriptor& blob) override { return inner_.has_blob(blob); }
  std::unique_ptr<Source> open_blob(const Descriptor& blob) override {
    ++opened;
    return inner_.open_blob(blob);
  }
  void put_blob(const Descriptor& blob, const BlobOrigin& origin) override {
    inner_.put_blob(blob, origin);
  }
  Descriptor put_manifest(const std::string& bytes, const std::string& type) override {
    return inner_.put_manifest(bytes, type);
  }
  void put_tag(const std::string& tag, const Descriptor& to, const std::string& bytes) override {
    inner_.put_tag(tag, to, bytes);
  }
  std::vector<Descriptor> referrers(const BlobDigest& digest, const std::string& type) override {
    return inner_.referrers(digest, type);
  }

 private:
  Repository& inner_;
};

/// An image of one layer, given as a tar.
Descriptor image_of(Repository& repository, const std::string& layer) {
  Manifest manifest;
  manifest.layers = {put_text(repository, layer, kLayerType)};
  manifest.config = put_text(repository, Config{}.serialize(), kConfigType);
  return repository.put_manifest(manifest.serialize(), std::string(kManifestType));
}

std::string odd_layer() {
  return raw_entry({.name = "b\n\xff%", .content = "one", .uid = 7}) +
         raw_entry({.name = "a", .content = "two"}) +
         raw_entry({.name = "l", .type = '2', .link = "b c"}) +
         raw_entry({.name = "h", .type = '1', .link = "a"}) + raw_entry({.name = ".wh.gone"}) +
         raw_entry({.name = "a", .content = "three"}) + end_of_archive();
}

}  // namespace

TEST_CASE("list_layers: what packing remembers is what reading the layer finds") {
  Room room;
  const auto tree = sample_tree(room);
  auto spec = layer_spec(tree);
  spec.owners["etc/motd"] = {101, 102};
  spec.modes["usr/bin/tool"] = 04755;
  const auto layer = pack_layer(room.store, spec, 2, room.cancel);
  const auto repository = room.layout();
  (void)put_image(room, *repository, {layer}, "t");
  const auto remembered = find_listing(room.store, layer.blob.digest);
  REQUIRE(remembered);
  CHECK(remembered->serialize() ==
        list_layers(*repository, {layer.blob}, nullptr, 2, room.cancel).at(0).serialize());
  const auto listed = find_listed_tree(room.store, layer.blob.digest);
  REQUIRE(listed);
  CHECK(listed->digest == tree.digest);
}

TEST_CASE("list_layers: a layer is read once, and what it held comes back to the byte") {
  Room room;
  const auto inner = room.layout();
  Counting repository(*inner);
  const auto image = image_of(repository, odd_layer());
  const ReadOptions options{.store = &room.store, .threads = 2};
  const auto first = read_contents(repository, image, room.cancel, options);
  CHECK(repository.opened == 1);
  const auto second = read_contents(repository, image, room.cancel, options);
  CHECK(repository.opened == 1);
  CHECK(diff(first, second).empty());
  CHECK(diff(first, read_contents(*inner, image, room.cancel)).empty());
  CHECK(second.at("h").content == sha256("two"));
  CHECK(second.at("a").content == sha256("three"));
  CHECK(second.at("b\n\xff%").entry.uid == 7);
}

TEST_CASE("list_layers: what lists of all layers take together is bounded, remembered or not") {
  Room room;
  const auto repository = room.layout();
  const auto other = raw_entry({.name = "c", .content = "four"}) + end_of_archive();
  const std::vector<Descriptor> layers{put_text(*repository, odd_layer(), kLayerType),
                                       put_text(*repository, other, kLayerType)};
  const auto list = [&](std::uint64_t most) {
    return list_layers(*repository, layers, &room.store, 1, room.cancel, most).size();
  };
  const auto one = 6 * sizeof(LayerListing::Item) + 64;
  CHECK(failure([&] { list(one); }).kind() == Kind::input);
  CHECK(list(2 * one) == 2);
  CHECK(failure([&] { list(one); }).kind() == Kind::input);
}

TEST_CASE("list_layers: a record that is damaged or collected costs a reading, no more") {
  Room room;
  const auto repository = room.layout();
  const auto image = image_of(*repository, odd_layer());
  const ReadOptions options{.store = &room.store, .threads = 1};
  const auto first = read_contents(*repository, image, room.cancel, options);
  const auto layer = BlobDigest(sha256(odd_layer()));
  const auto listing = find_listing(room.store, layer).value().serialize();
  const auto file = room.store.blob_path(BlobDigest(sha256(listing)));
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  put(file, std::string(listing.size(), 'x'));
  CHECK_FALSE(find_listing(room.store, layer));
  CHECK(diff(first, read_contents(*repository, image, room.cancel, options)).empty());
  std::filesystem::remove(file);
  CHECK_FALSE(find_listing(room.store, layer));
  CHECK(diff(first, read_contents(*repository, image, room.cancel, options)).empty());
  CHECK(find_listing(room.store, layer));
}

TEST_CASE("list_layers: what is remembered goes with what is not used") {
  Room room;
  const auto layer = pack_layer(room.store, layer_spec(sample_tree(room)), 2, room.cancel);
  const auto listing = find_listing(room.store, layer.blob.digest).value().serialize();
  CHECK(room.store.has_blob(BlobDigest(sha256(listing))));
  CHECK(room.store.check(2, room.cancel).problems.empty());
  (void)room.store.collect(std::int64_t{1} << 40, room.cancel);
  CHECK_FALSE(find_listing(room.store, layer.blob.digest));
  CHECK_FALSE(room.store.has_blob(BlobDigest(sha256(listing))));
}

TEST_CASE("list_layers: bytes that are not the layer's are not remembered, wherever they lie") {
  Room room;
  const auto repository = room.layout();
  // Behind the archive's end no reader looks, and the digest is about these bytes, too.
  const auto bytes = odd_layer() + std::string(100'000, 'x');
  const auto image = image_of(*repository, bytes);
  const BlobDigest layer(sha256(bytes));
  const auto file = room.path("layout") / "blobs" / "sha256" / layer.hex();
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  put(file, bytes.substr(0, bytes.size() - 1) + "y");
  const auto error = failure(
      [&] { (void)read_contents(*repository, image, room.cancel, {.store = &room.store}); });
  CHECK(error.kind() == Kind::refused);
  CHECK_FALSE(find_listing(room.store, layer));
}

TEST_CASE("LayerListing: only what it writes is read") {
  const std::string head = "cullet-layer 1\n";
  CHECK(LayerListing::parse(head).items.empty());
  const auto one = head + "d 0755 0 0 a%20b\nx user.n %01\n";
  CHECK(LayerListing::parse(one).serialize() == one);
  for (const auto* const line : {"d 755 0 0 a\n",
                                 "d 0755 0 0 ../a\n",
                                 "d 0755 0 0 a b\n",
                                 "d 0755 00 0 a\n",
                                 "d 0755 -1 0 a\n",
                                 "d 0755 99999999999 0 a\n",
                                 "f 0644 0 0 1 abc a\n",
                                 "l 0777 0 0 a\n",
                                 "q 0644 0 0 a\n",
                                 "x user.n %01\n",
                                 "d 0755 0 0 a",
                                 "d 0755 0 0 %61\n",
                                 "\n"}) {
    INFO(line);
    const auto error = failure([&] { (void)LayerListing::parse(head + line); });
    CHECK(error.kind() == Kind::refused);
  }
  CHECK(failure([&] { (void)LayerListing::parse("cullet-layer 2\n"); }).kind() == Kind::refused);
}

TEST_CASE("read_files: a layer that was made here is not opened for its files") {
  Room room;
  const auto layer = pack_layer(room.store, layer_spec(sample_tree(room)), 2, room.cancel);
  const auto inner = room.layout();
  const auto image = put_image(room, *inner, {layer}, "t");
  Counting repository(*inner);
  const ReadOptions options{.store = &room.store, .threads = 1};
  const auto contents = read_contents(repository, image, room.cancel, options);
  std::map<std::string, std::string> read;
  const auto all = [](const std::string&, const File&) { return true; };
  const auto visit = [&](const std::string& path, std::string bytes) {
    read[path] = std::move(bytes);
  };
  read_files(repository, image, contents, all, room.cancel, visit, options);
  CHECK(repository.opened == 0);
  CHECK(read.at("etc/motd") == "hello\n");
  std::map<std::string, std::string> again;
  std::swap(read, again);
  read_files(repository, image, contents, all, room.cancel, visit);
  CHECK(repository.opened == 1);
  CHECK(read == again);
}

TEST_CASE("compare: layers that both images have are read once, those made here not at all") {
  Room room;
  const auto inner = room.layout();
  const auto common = pack_layer(room.store, layer_spec(sample_tree(room)), 2, room.cancel);
  const auto layer = [&](const char* text, unsigned mode) {
    return pack_layer(room.store,
                      layer_spec(room.tree([&](const std::filesystem::path& root) {
                        put(root / "opt/x", text, mode);
                        put(root / "opt" / text, "");
                      })),
                      2,
                      room.cancel);
  };
  const auto before = put_image(room, *inner, {common, layer("one", 0644)}, "a");
  const auto after = put_image(room, *inner, {common, layer("three", 0755)}, "b");
  Counting repository(*inner);
  const auto compared = compare(repository,
                                before,
                                repository,
                                after,
                                Depth::libraries,
                                room.cancel,
                                {.store = &room.store, .threads = 2});
  CHECK(repository.opened == 0);
  REQUIRE(compared.files.size() == 3);
  CHECK(compared.files[0].path == "opt/one");
  CHECK(compared.files[0].layer_before == 1U);
  CHECK_FALSE(compared.files[0].layer_after);
  CHECK(compared.files[2].what == "content, 3 B → 5 B, mode 0644 → 0755");
  CHECK(compared.files[2].size_after == 5);
  CHECK(compared.bytes_after == compared.bytes_before + 2);
}
