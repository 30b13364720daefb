// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/layer.hpp"

#include <thread>

#include <fcntl.h>
#include <sys/stat.h>

#include "cullet/base/text.hpp"

#include "archive/golden.hpp"
#include "support.hpp"

namespace cullet::image {
namespace {

using archive::Algorithm;
using archive::Compression;
using archive::EntryType;

std::string blob_bytes(Room& room, const Layer& layer) {
  return room.store.read_blob(layer.blob.digest, 1U << 30U);
}

/// Overwrites a file of the store's tree as a fault (or someone) would.
void corrupt(const std::filesystem::path& file, const std::function<void()>& damage) {
  REQUIRE(::chmod(file.parent_path().c_str(), 0755) == 0);
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  damage();
}

TEST_CASE("pack_layer: the blob is the tree, and both digests are right") {
  const auto compression =
      GENERATE(Compression{}, Compression{Algorithm::gzip, 6}, Compression{Algorithm::none, 0});
  Room room;
  const auto layer =
      pack_layer(room.store, layer_spec(sample_tree(room), compression), 2, room.cancel);
  const auto bytes = blob_bytes(room, layer);
  CHECK(layer.blob.size == bytes.size());
  CHECK(sha256(bytes) == layer.blob.digest);
  const auto tar = archive::decompressed(bytes);
  CHECK(sha256(tar) == layer.diff_id);
  CHECK(layer.uncompressed_size == tar.size());
  const std::string suffix = compression.algorithm == Algorithm::zstd   ? "+zstd"
                             : compression.algorithm == Algorithm::gzip ? "+gzip"
                                                                        : "";
  CHECK(layer.blob.media_type == "application/vnd.oci.image.layer.v1.tar" + suffix);

  const auto items = archive::items_of(bytes);
  std::vector<std::string> paths;
  for (const auto& item : items) {
    paths.push_back(item.entry.path.str());
    CHECK(item.entry.uid == 0);
    CHECK(item.entry.gid == 0);
  }
  CHECK(paths == std::vector<std::string>{"bin",
                                          "etc",
                                          "etc/motd",
                                          "usr",
                                          "usr/bin",
                                          "usr/bin/tool",
                                          "usr/bin/ztool",
                                          "usr/share",
                                          "usr/share/F\xc5\x91"
                                          "tan",
                                          "usr/share/big",
                                          "usr/share/empty",
                                          "var",
                                          "var/log"});
  CHECK(items[5].entry.mode == 0755);
  CHECK(items[6].entry.type == EntryType::hardlink);
  CHECK(items[6].entry.target == "usr/bin/tool");
  CHECK(items[9].content == archive::sample(archive::kFrameSize + 1000));
}

TEST_CASE("pack_layer: the assembly contract's digests") {
  Room room;
  const auto layer = pack_layer(room.store, layer_spec(sample_tree(room)), 2, room.cancel);
  archive::check_golden("assembly-1-diff-id", layer.diff_id.str());
  for (const auto& compression : {Compression{}, Compression{Algorithm::gzip, 6}}) {
    const auto packed =
        pack_layer(room.store, layer_spec(sample_tree(room), compression), 2, room.cancel);
    auto name = archive::describe(compression);
    std::replace(name.begin(), name.end(), ' ', '-');
    const auto golden = "assembly-1-layer-" + name;
    const bool known =
        std::filesystem::exists(std::string(CULLET_SOURCE_DIR) + "/tests/golden/" + golden) ||
        std::getenv("CULLET_ACCEPT") != nullptr;
    if (known)
      archive::check_golden(golden, packed.blob.digest.str());
    else
      WARN("skipped: no golden digest for " << archive::describe(compression));
  }
}

TEST_CASE("pack_layer: digests don't depend on threads, umask or the working directory") {
  Room room;
  const auto tree = sample_tree(room);
  const auto want = pack_layer(room.store, layer_spec(tree), 1, room.cancel);
  for (const unsigned threads : {2U, 3U, 8U}) {
    const auto mask = ::umask(077);
    const auto got = pack_layer(room.store, layer_spec(tree), threads, room.cancel);
    ::umask(mask);
    CHECK(got.blob == want.blob);
    CHECK(got.diff_id == want.diff_id);
  }
}

TEST_CASE("pack_layer: declared owners and modes, hard links with their file's") {
  Room room;
  auto spec = layer_spec(sample_tree(room));
  spec.owners = {{"var/log", {101, 102}}, {"usr/bin/tool", {5, 6}}, {"bin", {7, 7}}};
  spec.modes = {{"usr/bin/tool", 04755}, {"var/log", 01777}};
  const auto items =
      archive::items_of(blob_bytes(room, pack_layer(room.store, spec, 2, room.cancel)));
  const auto find = [&](std::string_view path) {
    const auto found = std::find_if(items.begin(), items.end(), [&](const archive::Item& item) {
      return item.entry.path.str() == path;
    });
    REQUIRE(found != items.end());
    return found->entry;
  };
  CHECK(find("var/log").uid == 101);
  CHECK(find("var/log").gid == 102);
  CHECK(find("var/log").mode == 01777);
  CHECK(find("usr/bin/tool").mode == 04755);
  CHECK(find("usr/bin/ztool").mode == 04755);
  CHECK(find("usr/bin/ztool").uid == 5);
  CHECK(find("bin").uid == 7);
  CHECK(find("etc/motd").uid == 0);
}

TEST_CASE("pack_layer: declarations that fit nothing are refused") {
  Room room;
  const auto tree = sample_tree(room);
  const auto refusal = [&](const std::function<void(LayerSpec&)>& declare) {
    auto spec = layer_spec(tree);
    declare(spec);
    const auto error = failure([&] { (void)pack_layer(room.store, spec, 2, room.cancel); });
    CHECK(error.kind() == Kind::input);
    return error;
  };
  CHECK(refusal([](LayerSpec& spec) {
          spec.owners["no/such"] = {1, 1};
        }).message() == "an owner is declared for 'no/such', which is not there");
  CHECK(refusal([](LayerSpec& spec) { spec.modes["etc/nope"] = 0600; }).message() ==
        "an access mode is declared for 'etc/nope', which is not there");
  CHECK(refusal([](LayerSpec& spec) { spec.modes["usr/bin/ztool"] = 0700; }).hints().at(0) ==
        "declare it for 'usr/bin/tool', the file's first name");
  CHECK(refusal([](LayerSpec& spec) { spec.modes["bin"] = 0700; }).details().at(0) ==
        "symbolic links have none");
  CHECK(refusal([](LayerSpec& spec) { spec.modes["etc"] = 010000; }).details().at(0) ==
        "modes are at most 07777");
}

TEST_CASE("pack_layer: a name that marks a removal is refused") {
  Room room;
  const auto tree =
      room.tree([](const std::filesystem::path& root) { put(root / "etc/.wh.passwd", ""); });
  const auto error =
      failure([&] { (void)pack_layer(room.store, layer_spec(tree), 2, room.cancel); });
  CHECK(error.kind() == Kind::input);
  CHECK_THAT(error.message(), Catch::StartsWith("'etc/.wh.passwd' can't be in a layer"));
}

TEST_CASE("pack_layer: a file that no longer is what the manifest says is refused") {
  const auto compression =
      GENERATE(Compression{}, Compression{Algorithm::gzip, 6}, Compression{Algorithm::none, 0});
  Room room;
  const auto tree = sample_tree(room);
  const auto refusal = [&] {
    const auto before = room.store.usage({});
    const auto error = failure(
        [&] { (void)pack_layer(room.store, layer_spec(tree, compression), 2, room.cancel); });
    CHECK(error.kind() == Kind::refused);
    CHECK(room.store.usage({}).blobs == before.blobs);
    return error.render();
  };
  const auto big = tree.root / "usr/share/big";
  SECTION("one bit, the size kept, near the file's start or end") {
    const auto offset = GENERATE(0U, 63U, 4000000U, unsigned{archive::kFrameSize} + 999U);
    corrupt(big, [&] {
      std::fstream file(big, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(offset);
      file.put('~');
    });
    CHECK_THAT(refusal(), Catch::Contains("usr/share/big"));
  }
  SECTION("longer") {
    corrupt(big, [&] { std::ofstream(big, std::ios::app) << "more"; });
    CHECK_THAT(refusal(), Catch::Contains("usr/share/big"));
  }
  SECTION("shorter") {
    corrupt(big, [&] { std::filesystem::resize_file(big, 100); });
    CHECK_THAT(refusal(), Catch::Contains("usr/share/big"));
  }
  SECTION("an empty file grown") {
    const auto empty = tree.root / "usr/share/empty";
    corrupt(empty, [&] { std::ofstream(empty) << "x"; });
    CHECK_THAT(refusal(), Catch::Contains("usr/share/empty"));
  }
  SECTION("gone") {
    corrupt(big, [&] { std::filesystem::remove(big); });
    CHECK_THAT(
        refusal(),
        Catch::Contains("usr/share/big") && Catch::Contains("hint: run `cullet store check"));
  }
  SECTION("a symlink in its place") {
    corrupt(big, [&] {
      std::filesystem::remove(big);
      std::filesystem::create_symlink("/etc/hostname", big);
    });
    CHECK_THAT(refusal(), Catch::Contains("big"));
  }
  SECTION("a fifo in its place") {
    corrupt(big, [&] {
      std::filesystem::remove(big);
      REQUIRE(::mkfifo(big.c_str(), 0644) == 0);
    });
    CHECK_THAT(refusal(), Catch::Contains("usr/share/big"));
  }
}

TEST_CASE("pack_layer: stops when asked to, and leaves no blob") {
  Room room;
  const auto tree = sample_tree(room);
  const auto before = room.store.usage({});
  room.cancel.request();
  const auto error =
      failure([&] { (void)pack_layer(room.store, layer_spec(tree), 2, room.cancel); });
  CHECK(error.kind() == Kind::interrupted);
  CHECK(room.store.usage({}).blobs == before.blobs);
}

TEST_CASE("pack_layer: an empty tree is an empty layer") {
  Room room;
  const auto tree = room.tree([](const std::filesystem::path&) {});
  const auto layer = pack_layer(room.store, layer_spec(tree), 2, room.cancel);
  CHECK(layer.uncompressed_size == 1024);
  CHECK(archive::items_of(blob_bytes(room, layer)).empty());
}

TEST_CASE("pack_layer: many small files across frames, each checked") {
  Room room;
  std::mt19937 random(3);
  const auto tree = room.tree([&](const std::filesystem::path& root) {
    for (int i = 0; i < 400; ++i)
      put(root / cat("d", i % 7, "/f", i),
          archive::sample(random() % 40000, static_cast<unsigned>(i)));
  });
  const auto layer = pack_layer(room.store, layer_spec(tree), 3, room.cancel);
  std::size_t files = 0;
  for (const auto& item : archive::items_of(blob_bytes(room, layer)))
    if (item.entry.type == EntryType::file) {
      ++files;
      CHECK(sha256(item.content) ==
            room.store.manifest(tree.digest).find(item.entry.path.str())->content);
    }
  CHECK(files == 400);
}

}  // namespace
}  // namespace cullet::image
