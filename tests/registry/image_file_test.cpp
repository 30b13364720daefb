// SPDX-License-Identifier: Apache-2.0
#include "cullet/registry/image_file.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include "cullet/archive/reader.hpp"
#include "cullet/base/file.hpp"

#include "archive/raw_tar.hpp"
#include "sample.hpp"

using namespace cullet;
using namespace cullet::registry;
using test::failure;
namespace fs = std::filesystem;

namespace {

const std::string kBlobs = "blobs/sha256/";

struct Member {
  std::string name, content;
};
using Members = std::vector<Member>;

Members members_of(const fs::path& file) {
  const auto fd = open_file(file, O_RDONLY);
  FdSource source(fd.get(), file.string());
  archive::Reader reader(source, "file", archive::Format::tar, {.bytes = 1U << 30U});
  Members out;
  while (const auto entry = reader.next())
    if (entry->type == archive::EntryType::file)
      out.push_back({entry->path.str(), read_all(reader.body(), 1U << 26U, "a member")});
  return out;
}

std::string tar_of(const Members& members) {
  std::string out;
  for (const auto& [name, content] : members)
    out += archive::raw_entry({.name = name, .content = content});
  return out;
}

/// An image with a signature and a referrer in a layout, and a place to work in.
struct Room {
  Room() {
    image = test::put_image(*layout, {"a layer", "another"});
    bundle = test::put_referrer(*layout, image, "type/bundle", "bundle");
    signatures = test::put_signatures(*layout, image, {"signature"});
  }
  std::uint64_t write(const fs::path& file, const std::string& tag = "1.0") {
    return write_image_file(
        *layout, image, file, {.tag = tag, .room = fresh(), .parallel = 2}, cancel);
  }
  ImageFile read(const fs::path& file) { return read_image_file(file, fresh(), {}, cancel); }
  /// What reading a file of these bytes throws; nothing may be written outside of its room.
  Error refused(const std::string& bytes) {
    const auto file = place.path() / "bad.tar";
    replace_file(file, bytes);
    const auto before = names();
    auto error = failure([&] { (void)read(file); });
    CHECK(names() == before + 1);  // the room
    return error;
  }
  Error refused(const Members& members) { return refused(tar_of(members) + end); }
  Members good() {
    write(place.path() / "good.tar");
    return members_of(place.path() / "good.tar");
  }
  fs::path fresh() {
    auto path = place.path() / cat("room", ++rooms);
    make_directories(path);
    return path;
  }
  std::size_t names() { return list_directory(open_directory(place.path()).get(), "place").size(); }

  const std::string end = archive::end_of_archive();
  Cancel cancel;
  TemporaryDirectory place{fs::temp_directory_path()};
  int rooms = 0;
  std::unique_ptr<image::Repository> layout =
      image::open_layout(place.path() / "from", true, cancel);
  image::Descriptor image, bundle, signatures;
};

Member& member(Members& members, const std::string& name) {
  const auto found = std::find_if(
      members.begin(), members.end(), [&](const Member& one) { return one.name == name; });
  REQUIRE(found != members.end());
  return *found;
}

}  // namespace

TEST_CASE("write_image_file: an image with what refers to it, always the same bytes") {
  Room room;
  const auto one = room.place.path() / "one.tar", other = room.place.path() / "other.tar";
  const auto size = room.write(one);
  CHECK(size == fs::file_size(one));
  Room again;
  again.write(other);
  CHECK(read_file(one, 1U << 20U) == read_file(other, 1U << 20U));
  std::vector<std::string> names;
  for (const auto& [name, content] : members_of(one)) {
    names.push_back(name);
    if (name.starts_with(kBlobs))
      CHECK(sha256(content).hex() == name.substr(kBlobs.size()));
  }
  CHECK(std::is_sorted(names.begin(), names.end()));

  const auto file = room.read(one);
  CHECK(file.manifest.digest == room.image.digest);
  CHECK(file.manifest.annotations.empty());
  CHECK(file.tag == "1.0");
  CHECK(image::validate(*file.layout, file.manifest, room.cancel).problems.empty());
  CHECK(file.layout->missing_referrers(room.image.digest, {room.bundle}).empty());
  CHECK(file.layout->find_tag(test::signature_tag(room.image))->digest == room.signatures.digest);
  room.write(one, "");
  CHECK(room.read(one).tag.empty());
}

TEST_CASE("write_image_file: what fails leaves the file that was there") {
  Room room;
  const auto file = room.place.path() / "out" / "image.tar";
  make_directories(file.parent_path());
  room.write(file);
  const auto before = read_file(file, 1U << 20U);
  const auto layer = room.place.path() / "from" / kBlobs / sha256("a layer").hex();
  REQUIRE(::chmod(layer.c_str(), 0644) == 0);
  replace_file(layer, "b layer");
  CHECK(failure([&] { room.write(file, "2.0"); }).kind() == Kind::refused);
  fs::remove(layer);
  CHECK(failure([&] { room.write(file, "2.0"); }).kind() == Kind::refused);
  room.cancel.request();
  CHECK(failure([&] { room.write(file, "2.0"); }).kind() == Kind::interrupted);
  CHECK(read_file(file, 1U << 20U) == before);
  CHECK(list_directory(open_directory(file.parent_path()).get(), "out").size() == 1);
}

TEST_CASE("read_image_file: one that ends early is refused, wherever it ends") {
  Room room;
  const auto bytes = tar_of(room.good());
  std::size_t step = 0;
  for (std::size_t size = 0; size < bytes.size(); size += ++step % 2 == 0 ? 300 : 212) {
    INFO(size << " of " << bytes.size());
    const auto kind = room.refused(bytes.substr(0, size)).kind();
    CHECK((kind == Kind::input || kind == Kind::refused));
  }
}

TEST_CASE("read_image_file: members that no image file has") {
  Room room;
  const auto good = tar_of(room.good());
  const auto blob = kBlobs + sha256("a blob").hex();
  CHECK(room.refused(std::string("no tar at all")).kind() == Kind::input);
  const std::pair<archive::RawEntry, std::string> bad[] = {
      {{.name = "../escaped", .content = "x"}, ".."},
      {{.name = kBlobs + "../../../escaped", .content = "x"}, ".."},
      {{.name = "/escaped", .content = "x"}, "escaped"},
      {{.name = "notes", .content = "x"}, "'notes' is no part of an OCI layout"},
      {{.name = kBlobs + "abc", .content = "x"}, "is no part of an OCI layout"},
      {{.name = "blobs/sha512/x", .content = "x"}, "is no part of an OCI layout"},
      {{.name = "other/", .type = '5'}, "is neither a file nor a directory of a layout"},
      {{.name = blob, .type = '2', .link = "/etc/passwd"}, "is neither a file nor"},
      {{.name = "blobs", .type = '2', .link = "/tmp"}, "is neither a file nor"},
      {{.name = blob, .type = '1', .link = "index.json"}, "is neither a file nor"},
      {{.name = blob, .type = '6'}, ""},
      {{.name = blob, .type = '3'}, ""},
  };
  for (const auto& [entry, why] : bad)
    for (const bool first : {true, false}) {
      INFO(entry.name << " of type " << entry.type << (first ? " first" : " last"));
      const auto made = archive::raw_entry(entry);
      const auto error = room.refused((first ? made + good : good + made) + room.end);
      CHECK(error.kind() == Kind::input);
      CHECK_THAT(error.render(), Catch::Contains(why));
    }
}

TEST_CASE("read_image_file: a member that is in there twice") {
  Room room;
  const auto good = room.good();
  for (const auto& again : good) {
    auto members = good;
    members.push_back(again);
    const auto error = room.refused(members);
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(), Catch::EndsWith("is in there twice"));
  }
}

TEST_CASE("read_image_file: a blob that is not what its name says") {
  Room room;
  const auto good = room.good();
  for (const auto& [name, content] : good) {
    if (!name.starts_with(kBlobs))
      continue;
    INFO(name);
    auto members = good;
    member(members, name).content.back() ^= 1;
    CHECK(room.refused(members).kind() == Kind::refused);
    member(members, name).content.clear();
    CHECK(room.refused(members).kind() == Kind::refused);
  }
}

TEST_CASE("read_image_file: all that is named has to be there") {
  Room room;
  const auto good = room.good();
  for (const auto& missing : good) {
    INFO(missing.name);
    auto members = good;
    std::erase_if(members, [&](const Member& one) { return one.name == missing.name; });
    const auto error = room.refused(members);
    CHECK(error.kind() == (missing.name.starts_with(kBlobs) ? Kind::refused : Kind::input));
  }
}

TEST_CASE("read_image_file: an index that names something else") {
  Room room;
  const auto good = room.good();
  const auto with = [&](const std::function<void(Json&)>& change) {
    auto members = good;
    auto& text = member(members, "index.json").content;
    auto index = parse_json(text, "index.json", 1U << 20U);
    change(index);
    text = canonical(index);
    return members;
  };
  const auto other = BlobDigest(sha256("something else")).str();
  CHECK(room.refused(with([&](Json& index) { index["annotations"]["org.cullet.image"] = other; }))
            .kind() == Kind::input);
  CHECK(room.refused(with([&](Json& index) { index["manifests"][0]["digest"] = other; })).kind() ==
        Kind::refused);
  CHECK(room.refused(with([&](Json& index) { index["manifests"][0]["size"] = 1; })).kind() ==
        Kind::refused);
  CHECK(room.refused(with([&](Json& index) { index["manifests"] = Json::array(); })).kind() ==
        Kind::input);
  CHECK(room.refused(with([&](Json& index) { index["manifests"] = "none"; })).kind() ==
        Kind::input);
  auto members = good;
  member(members, "index.json").content = "{";
  CHECK(room.refused(members).kind() == Kind::input);
  // One that another tool wrote names no image: it is the only one that refers to nothing.
  replace_file(room.place.path() / "foreign.tar",
               tar_of(with([](Json& index) { index.erase("annotations"); })) + room.end);
  CHECK(room.read(room.place.path() / "foreign.tar").manifest.digest == room.image.digest);
}

TEST_CASE("read_image_file: what is no file of members") {
  Room room;
  const auto fifo = room.place.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(failure([&] { (void)room.read(fifo); }).kind() == Kind::input);
  CHECK(failure([&] { (void)room.read(room.place.path()); }).kind() == Kind::input);
  const auto file = room.place.path() / "image.tar";
  room.write(file);
  room.cancel.request();
  CHECK(failure([&] { (void)room.read(file); }).kind() == Kind::interrupted);
}
