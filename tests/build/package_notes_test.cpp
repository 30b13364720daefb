// SPDX-License-Identifier: Apache-2.0
#include "../../src/build/package_notes.hpp"

#include <catch2/catch.hpp>

namespace cullet::build {
namespace {

using Lines = std::vector<std::string>;

store::TreeManifest layer() {
  std::vector<store::TreeEntry> entries;
  const auto add = [&](const char* path, store::TreeEntryType type, std::uint32_t mode) {
    entries.push_back({RelativePath::parse(path).value(), type, mode, 0, {}, {}});
  };
  using Type = store::TreeEntryType;
  add("a", Type::directory, 0755);
  add("a/executable", Type::file, 0755);
  add("a/read-only", Type::file, 0644);
  add("a/secret", Type::file, 0644);
  add("root", Type::directory, 0755);
  add("staff", Type::directory, 0755);
  add("su", Type::file, 0755);
  add("tmp", Type::directory, 0755);
  return store::TreeManifest(std::move(entries));
}

const Json kModes = {{"a/executable", 0755},
                     {"a/read-only", 0444},
                     {"a/secret", 0440},
                     {"left/out", 0700},
                     {"root", 0700},
                     {"staff", 02775},
                     {"su", 04755},
                     {"tmp", 01777}};

TEST_CASE("package_notes: modes that the layer has not, the most telling first") {
  CHECK(package_notes({{"modes", kModes}}, layer(), {}) ==
        Lines{"packages lose 6 modes: /su 4755 → 0755, /a/secret 0440 → 0644, /root 0700 → 0755, "
              "/staff 2775 → 0755 and 2 more; `modes` of the image sets them"});
}

TEST_CASE("package_notes: a mode that the recipe declares is nobody's loss") {
  CHECK(package_notes({{"modes", kModes}},
                      layer(),
                      {{"a/read-only", 0444},
                       {"a/secret", 0444},
                       {"root", 0700},
                       {"staff", 0755},
                       {"su", 04755}}) ==
        Lines{"packages lose 1 mode: /tmp 1777 → 0755; `modes` of the image sets them"});
}

TEST_CASE("package_notes: packages whose scripts were not run") {
  const auto text = [](const std::string& who) {
    return "no maintainer script ran: " + who +
           " a postinst; what it makes and the image needs goes under `files`, or is made by a "
           "recipe's steps";
  };
  CHECK(package_notes({{"postinst", {"a"}}}, layer(), {}) == Lines{text("a has")});
  CHECK(package_notes({{"postinst", {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}}},
                      layer(),
                      {}) == Lines{text("a, b, c, d, e, f, g, h and 2 more have")});
}

TEST_CASE("package_notes: nothing is said of nothing, nor by a record of an older store") {
  CHECK(
      package_notes({{"modes", Json::object()}, {"postinst", Json::array()}}, layer(), {}).empty());
  CHECK(package_notes({{"tree", "sha256:00"}}, layer(), {}).empty());
}

}  // namespace
}  // namespace cullet::build
