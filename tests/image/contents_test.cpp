// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/contents.hpp"

#include <catch2/catch.hpp>

#include "archive/raw_tar.hpp"
#include "support.hpp"
#include "support/string_sink.hpp"

using namespace cullet;
using namespace cullet::image;
using archive::end_of_archive;
using archive::raw_entry;

namespace {

/// An image of layers that are given entry by entry.
struct Layers {
  Room room;
  std::unique_ptr<Repository> repository = room.layout();
  Descriptor image;

  explicit Layers(const std::vector<std::string>& layers) {
    Manifest manifest;
    for (const auto& entries : layers)
      manifest.layers.push_back(put_text(*repository, entries + end_of_archive(), kLayerType));
    manifest.config = put_text(*repository, Config{}.serialize(), kConfigType);
    image = repository->put_manifest(manifest.serialize(), std::string(kManifestType));
  }
  [[nodiscard]] std::string paths() const {
    std::string list;
    for (const auto& [path, file] : read_contents(*repository, image, Cancel()))
      list += path + " ";
    return list;
  }
  [[nodiscard]] std::string cat(const std::string& path) const {
    StringSink bytes;
    read_file(*repository, image, path, bytes, Cancel());
    return bytes.text();
  }
};

std::string file(const std::string& name, const std::string& content) {
  return raw_entry({.name = name, .content = content});
}
std::string hard_link(const std::string& name, const std::string& target) {
  return raw_entry({.name = name, .type = '1', .link = target});
}

}  // namespace

TEST_CASE("read_contents: a whiteout removes what lies below, and nothing of its own layer") {
  CHECK(Layers({file("d/a", "1") + file("d/b", "1"), file("d/.wh.a", "")}).paths() == "d/b ");
  CHECK(Layers({file("d/a", "1"), file(".wh.d", "")}).paths().empty());
  CHECK(Layers({file("a", "1"), file(".wh.a", "") + file("a", "2")}).cat("a") == "2");
  CHECK(Layers({file("a", "1"), file("a", "2") + file(".wh.a", "")}).cat("a") == "2");
  CHECK(Layers({file("d/a", "1"), file("d/b", "2") + file("d/.wh..wh..opq", "")}).paths() ==
        "d/b ");
  const auto opaque = file("d/.wh..wh..opq", "");
  CHECK(Layers({file("d/a", "1") + file("d/e/a", "1"),
                opaque + file("d/b", "2") + opaque + file("d/e/.wh.a", "")})
            .paths() == "d/b ");
}

TEST_CASE("read_contents: refuses a whiteout of nothing, which would remove all") {
  const Layers layers({file("a", "1"), file(".wh.", "")});
  const auto error = failure([&] { static_cast<void>(layers.paths()); });
  CHECK(error.kind() == Kind::input);
  CHECK(error.message() == "layer 1 removes a file without a name");
}

TEST_CASE("read_file: of a path that a layer holds twice, the last counts") {
  CHECK(Layers({file("a", "1") + file("a", "2")}).cat("a") == "2");
}

TEST_CASE("read_file: a hard link keeps its bytes when its target's name is given anew") {
  CHECK(Layers({file("a", "1") + hard_link("b", "a"), file("a", "2")}).cat("b") == "1");
  CHECK(Layers({file("a", "1") + hard_link("b", "a") + file("a", "2")}).cat("b") == "1");
  CHECK(Layers({file("a", "1") + hard_link("b", "a"), file(".wh.a", "")}).cat("b") == "1");
  CHECK(Layers({file("a", "1"), hard_link("b", "a") + hard_link("c", "b")}).cat("c") == "1");
}

TEST_CASE("diff: a link's target is shown as text, whatever its bytes") {
  const auto link = [](const std::string& target) {
    return Layers({raw_entry({.name = "l", .type = '2', .link = target})});
  };
  const auto before = link("x\xff"), after = link("y");
  const auto differences = diff(read_contents(*before.repository, before.image, Cancel()),
                                read_contents(*after.repository, after.image, Cancel()));
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].what == "target x\\xff → y");
}
