// SPDX-License-Identifier: Apache-2.0
#include "cullet/store/tree.hpp"

#include <random>
#include <set>

#include <catch2/catch.hpp>

#include "store/scratch.hpp"

using namespace cullet;
using namespace cullet::store;

namespace {

const std::string kHex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

RelativePath at(std::string_view text) {
  return RelativePath::parse(text).value();
}

TreeEntry directory(std::string_view path) {
  return {at(path), TreeEntryType::directory, 0755, 0, {}, {}};
}
TreeEntry file(std::string_view path, std::string_view bytes = "", std::uint32_t mode = 0644) {
  return {at(path), TreeEntryType::file, mode, bytes.size(), sha256(bytes), {}};
}
TreeEntry symlink_to(std::string_view path, std::string target) {
  return {at(path), TreeEntryType::symlink, 0777, 0, {}, std::move(target)};
}
TreeEntry link_to(std::string_view path, std::string target, std::uint32_t mode = 0644) {
  return {at(path), TreeEntryType::hardlink, mode, 0, {}, std::move(target)};
}

std::string random_bytes(std::mt19937_64& random, std::size_t limit, bool slash_ok) {
  std::string text;
  for (auto size = 1 + random() % limit; size-- > 0;) {
    char c = 0;
    // Half of the bytes are those that sorting and escaping could get wrong.
    do
      c = random() % 2 != 0 ? " %\n\x7f\xff-./0a"[random() % 10]
                            : static_cast<char>(random() % 256);
    while (c == '\0' || (c == '/' && !slash_ok));
    text += c;
  }
  return text == "." || text == ".." ? "x" : text;
}

TreeManifest random_manifest(std::mt19937_64& random) {
  std::map<std::string, TreeEntry> entries;
  std::vector<std::string> directories = {""};
  std::set<std::string> used;
  for (int i = 0; i < 60; ++i) {
    const auto path = directories[random() % directories.size()] + random_bytes(random, 12, false);
    if (!used.insert(path).second)
      continue;
    switch (random() % 3) {
      case 0:
        directories.push_back(path + "/");
        entries.emplace(path, directory(path));
        break;
      case 1:
        entries.emplace(path,
                        file(path,
                             random_bytes(random, 9, true),
                             static_cast<std::uint32_t>(random() % 010000)));
        break;
      default:
        entries.emplace(path, symlink_to(path, random_bytes(random, 20, true)));
    }
  }
  std::vector<TreeEntry> sorted;
  std::vector<std::string> files;
  for (auto& [path, entry] : entries) {
    if (entry.type == TreeEntryType::file)
      files.push_back(path);
    if (entry.type == TreeEntryType::symlink && !files.empty() && random() % 2 == 0)
      entry = link_to(path, files[random() % files.size()]);
    sorted.push_back(entry);
  }
  return TreeManifest(sorted);
}

}  // namespace

TEST_CASE("TreeManifest: has one serialised form") {
  const TreeManifest manifest({directory("usr"),
                               directory("usr/bin"),
                               file("usr/bin/a b", "", 0755),
                               link_to("usr/bin/b", "usr/bin/a b"),
                               symlink_to("usr/l%", "\xff\n")});
  const auto text =
      "cullet-tree 1\n"
      "d 0755 usr\n"
      "d 0755 usr/bin\n"
      "f 0755 0 " +
      kHex +
      " usr/bin/a%20b\n"
      "h usr/bin/b usr/bin/a%20b\n"
      "l usr/l%25 %FF%0A\n";
  CHECK(manifest.serialize() == text);
  CHECK(manifest.digest() == TreeDigest(sha256(text)));
  CHECK(manifest.digest().str() ==
        "sha256:da4080dbd8ebe9ad18f44733f09bf23722e9a895f0979e62ca4c21c527db7090");
  CHECK(TreeManifest({}).serialize() == "cullet-tree 1\n");
  CHECK(TreeManifest::parse("cullet-tree 1\n").entries().empty());
}

TEST_CASE("TreeManifest: fields without meaning for a type have one value") {
  auto odd = directory("d");
  odd.size = 7;
  odd.content = sha256("x");
  odd.target = "y";
  auto link = symlink_to("l", "t");
  link.mode = 0600;
  const TreeManifest manifest({odd, file("f", "abc", 04755), link_to("g", "f", 0), link});
  CHECK(manifest.entries()[0] == directory("d"));
  CHECK(manifest.find("g")->mode == 04755);
  CHECK(manifest.find("l")->mode == 0777);
  CHECK(manifest.find("nothing") == nullptr);
}

TEST_CASE("TreeManifest: parsing what was serialised gives the same entries") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 300; ++i) {
    const auto manifest = random_manifest(random);
    const auto text = manifest.serialize();
    const auto again = TreeManifest::parse(text);
    REQUIRE(again.entries() == manifest.entries());
    REQUIRE(again.serialize() == text);
  }
}

TEST_CASE("TreeManifest: no damaged text is taken for another tree") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2000; ++i) {
    auto text = random_manifest(random).serialize();
    switch (random() % 3) {
      case 0:
        text[random() % text.size()] = static_cast<char>(random() % 256);
        break;
      case 1:
        text.erase(random() % text.size(), 1 + random() % 5);
        break;
      default:
        text.insert(random() % text.size(), random_bytes(random, 3, true));
    }
    std::optional<std::string> again;
    try {
      again = TreeManifest::parse(text).serialize();
    } catch (const Error& error) {
      REQUIRE(error.kind() == Kind::refused);
    }
    if (again)
      REQUIRE(*again == text);
  }
}

TEST_CASE("TreeManifest: parse refuses what serialize would not have written") {
  struct Bad {
    const char* reason;
    std::string text;
    std::string message;
  };
  const std::string head = "cullet-tree 1\n";
  const auto f = "f 0644 0 " + kHex + " ";
  const std::vector<Bad> cases = {
      {"empty", "", "line 1: it does not end in a newline"},
      {"another version", "cullet-tree 2\n", "line 1: it is not 'cullet-tree 1'"},
      {"carriage return", "cullet-tree 1\r\n", "line 1: it is not"},
      {"no last newline", head + "d 0755 a", "line 2: it does not end in a newline"},
      {"empty line", head + "\n", "line 2: '' is malformed"},
      {"unknown type", head + "c 0644 a\n", "line 2: 'c 0644 a' is malformed"},
      {"mode of three digits", head + "d 755 a\n", "line 2: 'd 755 a' is malformed"},
      {"mode not octal", head + "d 0758 a\n", "malformed"},
      {"mode too big", head + "d 10755 a\n", "malformed"},
      {"size with leading zero", head + "f 0644 00 " + kHex + " a\n", "not in canonical form"},
      {"negative size", head + "f 0644 -1 " + kHex + " a\n", "malformed"},
      {"size of 65 bits", head + "f 0644 18446744073709551616 " + kHex + " a\n", "malformed"},
      {"impossible size",
       head + "f 0644 18446744073709551615 " + kHex + " a\n",
       "size is impossible"},
      {"short hash", head + "f 0644 0 e3b0 a\n", "malformed"},
      {"upper-case hash", head + "f 0644 0 " + std::string(64, 'A') + " a\n", "malformed"},
      {"dotdot", head + f + "../a\n", "malformed"},
      {"dotdot inside", head + "d 0755 a\n" + f + "a/../b\n", "malformed"},
      {"absolute", head + f + "/a\n", "malformed"},
      {"the root", head + "d 0755 .\n", "malformed"},
      {"empty path", head + "d 0755 \n", "malformed"},
      {"dot component", head + f + "./a\n", "not in canonical form"},
      {"double slash", head + "d 0755 a\n" + f + "a//b\n", "line 3: '" + f + "a//b' is not in"},
      {"trailing slash", head + "d 0755 a/\n", "not in canonical form"},
      {"NUL in path", head + f + "a%00b\n", "malformed"},
      {"lower-case escape", head + f + "a%0a\n", "not in canonical form"},
      {"needless escape", head + f + "%41\n", "not in canonical form"},
      {"raw percent", head + f + "a%\n", "not in canonical form"},
      {"raw control", head + f + "a\tb\n", "not in canonical form"},
      {"raw UTF-8", head + f + "\xc3\xa4\n", "not in canonical form"},
      {"two spaces", head + "d  0755 a\n", "malformed"},
      {"space at the end", head + "d 0755 a \n", "malformed"},
      {"order", head + "d 0755 b\nd 0755 a\n", "line 3: 'd 0755 a': it is out of order"},
      {"twice", head + "d 0755 a\nd 0755 a\n", "out of order"},
      {"no parent", head + f + "a/b\n", "its parent is no directory of the tree"},
      {"a file as parent", head + f + "a\n" + f + "a/b\n", "its parent is no directory"},
      {"a symlink as parent", head + "l a /etc\n" + f + "a/b\n", "its parent is no directory"},
      {"empty symlink", head + "l a \n", "its target can't be one of a symlink"},
      {"NUL in symlink", head + "l a b%00\n", "its target can't be one of a symlink"},
      {"link to nothing", head + "h b a\n", "its target is no earlier file"},
      {"link to itself", head + "h b b\n", "its target is no earlier file"},
      {"link to a later file", head + "h a b\n" + f + "b\n", "its target is no earlier file"},
      {"link to a directory", head + "d 0755 a\nh b a\n", "its target is no earlier file"},
      {"link to a symlink", head + "l a x\nh b a\n", "its target is no earlier file"},
      {"link to a link", head + f + "a\nh b a\nh c b\n", "its target is no earlier file"},
      {"link out of the tree", head + f + "a\nh b ../a\n", "its target is no earlier file"},
  };
  for (const auto& bad : cases) {
    INFO(bad.reason);
    const auto error = failure([&] { (void)TreeManifest::parse(bad.text); });
    CHECK(error.kind() == Kind::refused);
    CHECK_THAT(error.message(), Catch::StartsWith("tree manifest, line "));
    CHECK_THAT(error.message(), Catch::Contains(bad.message));
  }
}

TEST_CASE("TreeManifest: constructing one that breaks an invariant is a bug") {
  const auto error = failure([] { TreeManifest({file("a/b")}); });
  CHECK(error.kind() == Kind::internal);
  CHECK(error.message() == "tree entry 'a/b': its parent is no directory of the tree");
  CHECK(failure([] { TreeManifest({file("b"), file("a")}); }).kind() == Kind::internal);
  CHECK(failure([] { TreeManifest({file("a", "", 010644)}); }).kind() == Kind::internal);
}

TEST_CASE("TreeManifest: is sorted by bytes, not by components or locale") {
  CHECK_NOTHROW(
      TreeManifest({directory("a"), file("a-b"), file("a/b"), file("a0"), file("\xc3\xa4")}));
  CHECK_THROWS(TreeManifest({directory("a"), file("a/b"), file("a-b")}));
}

TEST_CASE("TreeManifest::filter: keeps what is wanted and the directories it needs") {
  const TreeManifest all({directory("a"),
                          directory("a/b"),
                          file("a/b/f", "x"),
                          directory("c"),
                          file("c/g", "y"),
                          directory("d")});
  const auto part = all.filter([](const TreeEntry& entry) { return entry.path.str() == "a/b/f"; });
  CHECK(part.entries() == std::vector{directory("a"), directory("a/b"), file("a/b/f", "x")});
  const auto bare = all.filter([](const TreeEntry& entry) { return entry.path.str() == "a/b"; });
  CHECK(bare.entries() == std::vector{directory("a"), directory("a/b")});
  CHECK(all.filter([](const TreeEntry&) { return false; }).entries().empty());
  CHECK(all.filter([](const TreeEntry&) { return true; }).digest() == all.digest());
}

TEST_CASE("TreeManifest::filter: the first link that stays becomes the file") {
  const TreeManifest all({file("a", "bytes", 0755), link_to("b", "a"), link_to("c", "a")});
  const auto part = all.filter([](const TreeEntry& entry) { return entry.path.str() != "a"; });
  CHECK(part.entries() == std::vector{file("b", "bytes", 0755), link_to("c", "b", 0755)});
}
