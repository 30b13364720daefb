// SPDX-License-Identifier: Apache-2.0
#include "cullet/workspace/workspace.hpp"

#include <cstdlib>
#include <filesystem>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/json.hpp"

#include "support/no_threads.hpp"

namespace cullet::workspace {
namespace {

namespace fs = std::filesystem;

fs::path temporary() {
  const auto* directory = std::getenv("TMPDIR");
  return directory != nullptr ? directory : "/tmp";
}

const std::string kCommit = "0f3c9d1e2b4a5968778695a4b3c2d1e0f9e8d7c6";

/// A workspace of two components and an image, to be broken in one place.
class Files {
 public:
  Files() : directory_(temporary(), "workspace") {
    put("cullet.yaml", "environments:\n  c: { debian: bookworm, packages: [gcc] }\n");
    put("forks/zlib.yaml",
        "url: https://example.com/z.git\npin: { commit: " + kCommit + ", version: 1.10 }\n");
    put("recipes/zlib.yaml",
        "fork: zlib\nenvironment: c\nsteps: [{ run: make }]\noutputs: { lib: [usr/lib] }\n");
    put("recipes/app.yaml",
        "fork: zlib\nenvironment: c\nneeds: [zlib:lib]\nsteps: [{ run: make }]\n"
        "image: { contents: [app, zlib:lib] }\n");
  }
  void put(const std::string& file, std::string_view text) const {
    make_directories((root() / file).parent_path());
    replace_file(root() / file, text, 0644, Durability::buffered);
  }
  [[nodiscard]] const fs::path& root() const { return directory_.path(); }
  [[nodiscard]] std::string failure() const {
    try {
      load(root());
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::input);
      return error.render();
    }
    return "accepted";
  }

 private:
  TemporaryDirectory directory_;
};

TEST_CASE("Workspace::load: any number of files, also where no thread can be had") {
  const Files files;
  for (int i = 0; i < 300; ++i)
    files.put("forks/x" + std::to_string(i) + ".yaml",
              "url: https://example.com/x.git\npin: { commit: " + kCommit + ", version: 1.0 }\n");
  CHECK(load(files.root(), 4).forks.size() == 301);
  files.put("forks/x77.yaml", "url: [");
  files.put("forks/x99.yaml", "url: [");
  const auto first = [&] {
    try {
      load(files.root(), 4);
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("accepted");
  };
  CHECK(first().find("forks/x77.yaml") != std::string::npos);
  const NoThreads none;
  CHECK(first().find("forks/x77.yaml") != std::string::npos);
}

TEST_CASE("Workspace::load: reads every file under its name") {
  const Files files;
  const auto workspace = load(files.root());
  CHECK(workspace.root == files.root());
  CHECK(workspace.config.registry == "oci:.cullet/registry");
  CHECK(workspace.forks.at("zlib").version == "1.10");
  REQUIRE(workspace.recipes.size() == 2);
  const auto& app = workspace.recipes.at("app");
  CHECK(app.needs.at(0).str() == "zlib:lib");
  CHECK(app.needs.at(0).at.str() == "recipes/app.yaml:3:9");
  CHECK(app.image->tags == std::vector<std::string>{"{version}"});
  CHECK(app.image->compression == "zstd");
}

TEST_CASE("Workspace::load: the root may be written with a slash at its end") {
  const Files files;
  CHECK(load(files.root().string() + "/").root == files.root());
}

TEST_CASE("Workspace::load: a workspace without forks and recipes is empty, not wrong") {
  const TemporaryDirectory directory(temporary());
  replace_file(directory.path() / "cullet.yaml", "environments: {}\n");
  const auto workspace = load(directory.path());
  CHECK(workspace.forks.empty());
  CHECK(workspace.recipes.empty());
}

TEST_CASE("Workspace::load: references to what isn't there suggest the nearest") {
  const Files files;
  const std::string steps = "steps: [{ run: make }]\n";
  SECTION("fork") {
    files.put("recipes/app.yaml", "fork: zlibb\nenvironment: c\n" + steps);
    CHECK(files.failure() ==
          "error: recipes/app.yaml:1:7: there is no fork 'zlibb'\nhint: did you mean 'zlib'?\n"
          "hint: `cullet fork add zlibb URL --commit …` adds it\n");
  }
  SECTION("environment") {
    files.put("recipes/app.yaml", "fork: zlib\nenvironment: rust\n" + steps);
    CHECK(files.failure() ==
          "error: recipes/app.yaml:2:14: there is no environment 'rust'\nhint: known here: c\n");
  }
  SECTION("recipe") {
    files.put("recipes/app.yaml", "fork: zlib\nenvironment: c\nneeds: [zlub]\n" + steps);
    CHECK(files.failure() ==
          "error: recipes/app.yaml:3:9: there is no recipe 'zlub'\nhint: did you mean 'zlib'?\n");
  }
  SECTION("output") {
    files.put("recipes/app.yaml", "fork: zlib\nenvironment: c\nneeds: [zlib:libs]\n" + steps);
    CHECK(files.failure() ==
          "error: recipes/app.yaml:3:9: the recipe 'zlib' has no output 'libs'\n"
          "hint: did you mean 'lib'?\n");
  }
  SECTION("content of an image") {
    files.put("recipes/app.yaml", "image: { contents: [zlib:dev] }\n");
    CHECK(files.failure() ==
          "error: recipes/app.yaml:1:21: the recipe 'zlib' has no output 'dev'\n"
          "hint: known here: lib\n");
  }
  SECTION("a recipe without a component") {
    files.put("recipes/data.yaml", "image: { files: [{ path: /a, text: b }] }\n");
    files.put("recipes/app.yaml", "image: { contents: [data] }\n");
    CHECK(files.failure() ==
          "error: recipes/app.yaml:1:21: the recipe 'data' builds no component\n"
          "  it has no 'fork', only an image\n");
  }
}

TEST_CASE("Workspace::load: an image's tag needs a version that can be one") {
  const Files files;
  const std::string url = "url: https://example.com/z.git\n";
  files.put("forks/zlib.yaml", url + "pin: { commit: " + kCommit + " }\n");
  CHECK(files.failure() ==
        "error: recipes/app.yaml:5:8: the image's tag '{version}' needs a version\n"
        "hint: give `version` in the fork's pin, or other `tags` in the image\n");
  files.put("forks/zlib.yaml", url + "pin: { commit: " + kCommit + ", version: 1.2+dfsg }\n");
  CHECK(files.failure().rfind("error: recipes/app.yaml:5:8: '1.2+dfsg' is not a tag\n", 0) == 0);
}

TEST_CASE("Workspace::load: files that would silently be left out are errors") {
  const Files files;
  SECTION("another extension") {
    files.put("forks/other.yml", "");
    CHECK(files.failure() ==
          "error: forks/other.yml would be ignored\nhint: rename it to other.yaml\n");
  }
  SECTION("a name that nothing could refer to") {
    files.put("recipes/My App.yaml", "");
    CHECK(files.failure() ==
          "error: recipes/My App.yaml: a name holds a-z, 0-9, '.', '_' and '-'\n"
          "hint: rename the file\n");
  }
  SECTION("patches, hidden files and folders are none of them") {
    files.put("forks/zlib/fix.patch", "");
    files.put("forks/.zlib.yaml.swp.yaml", "");
    CHECK(files.failure() == "accepted");
  }
}

TEST_CASE("Workspace::load: what is not a regular file is not read") {
  const Files files;
  const std::string name = GENERATE("forks/pipe.yaml", "cullet.lock");
  REQUIRE(::mkfifo((files.root() / name).c_str(), 0644) == 0);
  CHECK(files.failure() == cat("error: ", name, " is not a regular file\n"));
}

TEST_CASE("Workspace::find_root: looks upwards and says what to do when there is none") {
  const Files files;
  make_directories(files.root() / "a/b");
  CHECK(find_root(files.root() / "a/b") == files.root());
  CHECK(find_root(files.root()) == files.root());
  const TemporaryDirectory empty(temporary());
  try {
    find_root(empty.path());
    FAIL_CHECK("found");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::input);
    CHECK(error.message() ==
          "there is no cullet.yaml in " + empty.path().string() + " or above it");
    CHECK(error.hints() == std::vector<std::string>{"`cullet init` makes a workspace"});
  }
}

TEST_CASE("parse_fork: a pool path follows from the name of a Debian source") {
  const auto path = [](const std::string& archive) {
    const auto fork =
        parse_fork("import: { " + archive + ", sha256: " + std::string(64, 'a') +
                       ", from: [debian-source] }\npin: { commit: " + kCommit + " }\n",
                   "forks/x.yaml",
                   "x");
    return fork.import->name + " " + fork.import->path;
  };
  CHECK(path("archive: zlib_1.orig.tar.gz") ==
        "zlib_1.orig.tar.gz pool/main/z/zlib/zlib_1.orig.tar.gz");
  CHECK(path("archive: libpng1.6_1.orig.tar.gz") ==
        "libpng1.6_1.orig.tar.gz pool/main/libp/libpng1.6/libpng1.6_1.orig.tar.gz");
  CHECK(path("archive: lib_1.tar.gz") == "lib_1.tar.gz pool/main/l/lib/lib_1.tar.gz");
  CHECK(path("archive: pool/main/l/lua5.4/lua.tar.gz") ==
        "lua.tar.gz pool/main/l/lua5.4/lua.tar.gz");
  CHECK(path("archive: a_1.tar, path: pool/x/a.tar") == "a_1.tar pool/x/a.tar");
}

TEST_CASE("parse_recipe: values are read as they are meant") {
  const auto recipe = parse_recipe(
      "fork: zlib\nenvironment: c\nenv: { A: true, B: 0755, C: 1.10 }\n"
      "steps: [{ run: make, timeout: 90s }]\n"
      "limits: { timeout: 2h, output: 1GiB, processes: 7, memory: 512MiB }\n"
      "modes: { /usr/bin/su: 04755 }\n"
      "image:\n  contents: [zlib, { packages: [libc6], dependencies: false }]\n"
      "  files:\n    - { path: /a//b/, directory: true, owner: 101:102 }\n"
      "    - { path: c, text: x }\n    - { path: d, symlink: /c }\n"
      "  config: { ports: [80, 53/udp], user: 0 }\n",
      "recipes/zlib.yaml",
      "zlib");
  CHECK(recipe.env ==
        std::map<std::string, std::string>{{"A", "true"}, {"B", "0755"}, {"C", "1.10"}});
  CHECK(recipe.steps.at(0).timeout_seconds == 90U);
  CHECK(recipe.limits.timeout_seconds == 7200);
  CHECK(recipe.limits.output_bytes == 1U << 30U);
  CHECK(recipe.limits.processes == 7);
  CHECK(recipe.limits.memory_bytes == 512U << 20U);
  CHECK(recipe.modes == std::map<std::string, std::uint32_t>{{"usr/bin/su", 04755}});
  const auto& image = *recipe.image;
  CHECK_FALSE(std::get<PackageSet>(image.contents.at(1)).dependencies);
  CHECK(image.files.at(0).path == "a/b");
  CHECK(image.files.at(0).mode == 0755);
  CHECK(image.files.at(0).uid == 101);
  CHECK(image.files.at(0).gid == 102);
  CHECK(image.files.at(1).mode == 0644);
  CHECK(image.files.at(2).target == "/c");
  CHECK(image.config.ports == std::vector<std::string>{"80/tcp", "53/udp"});
  CHECK(image.config.user == "0");
}

TEST_CASE("parse_fork: patches keep their order and their origins") {
  const auto fork =
      parse_fork("url: https://example.com/z.git\npin: { commit: " + kCommit + " }\npatches:\n" +
                     "  - { file: zlib/a.patch, reason: one, expires: 2026-12-20 }\n" +
                     "  - { commit: " + kCommit + ", reason: two }\n" +
                     "  - { archive: { name: z_1.tar, sha256: " + std::string(64, 'a') +
                     ", from: [debian-source] }, path: ./d/b.patch, strip: 0, reason: three }\n",
                 "forks/z.yaml",
                 "z");
  REQUIRE(fork.patches.size() == 3);
  CHECK(fork.patches[0].name() == "zlib/a.patch");
  CHECK(fork.patches[0].expires == 1797724800);
  CHECK(fork.patches[0].strip == 1);
  CHECK(fork.patches[1].name() == kCommit);
  CHECK(fork.patches[2].name() == "z_1.tar:d/b.patch");
  CHECK(fork.patches[2].strip == 0);
}

TEST_CASE("parse_fork: a patch says who added it, its digest and where it was picked from") {
  const auto fork = parse_fork(
      "url: https://example.com/z.git\npin: { commit: " + kCommit +
          " }\npatches:\n  - file: zlib/a.patch\n    reason: one\n" +
          "    by: Someone <s@example.com>\n    sha256: " + std::string(64, 'a') +
          "\n    picked: [" + kCommit + "]\n" + "  - { file: zlib/b.patch, reason: two }\n",
      "forks/z.yaml",
      "z");
  CHECK(fork.patches.at(0).by == "Someone <s@example.com>");
  CHECK(fork.patches.at(0).sha256 == Sha256::parse_hex(std::string(64, 'a')));
  CHECK(fork.patches.at(0).picked == std::vector<std::string>{kCommit});
  CHECK(fork.patches.at(1).by.empty());
  CHECK_FALSE(fork.patches.at(1).sha256);
  CHECK(fork.patches.at(1).picked.empty());
}

TEST_CASE("schema: each kind is a JSON Schema, others are an error") {
  for (const auto* kind : {"cullet", "fork", "policy", "recipe"})
    CHECK(parse_json(schema(kind), kind).at("$schema") ==
          "https://json-schema.org/draft/2020-12/schema");
  CHECK_THROWS_AS(schema("image"), Error);
}

}  // namespace
}  // namespace cullet::workspace
