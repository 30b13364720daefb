// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cullet/base/file.hpp"
#include "cullet/image/explain_difference.hpp"

#include "support.hpp"

using namespace cullet;
using namespace cullet::image;
using archive::compressed;

namespace {

using Findings = std::vector<Finding>;

Findings explain(std::string_view first,
                 std::string_view second,
                 const DifferenceOptions& options = {}) {
  return explain_bytes(first, second, options);
}

/// The cause of a text's first differing line.
Cause cause(std::string_view first,
            std::string_view second,
            const DifferenceOptions& options = {}) {
  const auto found = explain(first, second, options);
  return found.empty() ? Cause::unknown : found.front().cause;
}

const Finding* find(const Findings& in, std::string_view where) {
  for (const auto& one : in) {
    if (one.where == where)
      return &one;
    if (const auto* inner = find(one.inside, where))
      return inner;
  }
  return nullptr;
}

/// What a command leaves in `name` of an empty directory; "" where the machine has no such tool.
std::string made_by(const std::string& script, const std::string& name) {
  const TemporaryDirectory directory(temporary_parent(), "inside");
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-e", "-c", script};
  spec.directory = directory.path();
  spec.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"};
  const auto done = run_captured(std::move(spec), "", Cancel());
  if (!done.status.ok()) {
    WARN("skipped: " << script << ": " << done.err);
    return {};
  }
  return read_file(directory.path() / name, 64U << 20U);
}

std::string compiled(const std::string& source,
                     const std::string& options,
                     const std::string& then = "true") {
  return made_by("mkdir src; cd src; printf '%s' '" + source + "' >x.c; gcc " + options +
                     " -o ../out x.c; cd ..; " + then,
                 "out");
}

}  // namespace

TEST_CASE("explain_bytes: texts, and what their lines tell") {
  CHECK(cause("made on Nov 21 2026\n", "made on Nov 22 2026\n") == Cause::time);
  CHECK(cause("at 10:11:12\n", "at 10:11:59\n") == Cause::time);
  CHECK(cause("EPOCH=1763650000\n", "EPOCH=1763659999\n") == Cause::time);
  CHECK(cause("ms 1763650000123\n", "ms 1763659999123\n") == Cause::time);
  CHECK(cause("prefix=/home/a/ws/build\n", "prefix=/srv/other/build\n") == Cause::path);
  CHECK(cause("id: 123e4567-e89b-12d3-a456-426614174000\n",
              "id: 923e4567-e89b-12d3-a456-426614174000\n") == Cause::identifier);
  CHECK(cause("tag 0f3c9d1e77ab2f60\n", "tag 1a3c9d1e77ab2f61\n") == Cause::identifier);
  CHECK(cause("obj /tmp/ccAbC123.o\n", "obj /tmp/ccXyZ789.o\n") == Cause::identifier);
  CHECK(cause("a\nb\nc\n", "c\na\nb\n") == Cause::order);
  CHECK(cause("all: b.o a.o c.o\n", "all: a.o b.o c.o\n") == Cause::order);
  CHECK(cause("make -j4\n", "make -j16\n") == Cause::processors);
  CHECK(cause("JOBS = 2\n", "JOBS = 8\n") == Cause::processors);
  CHECK(cause("Build Host: anvil\n", "Build Host: forge\n") == Cause::host);
  CHECK(cause("compiled by alice\n", "compiled by bob\n") == Cause::user);
  CHECK(cause("zstd 1.5.4\n", "zstd 1.5.5\n") == Cause::tool);
  CHECK(cause("colour blue\n", "colour green\n") == Cause::unknown);
}

TEST_CASE("explain_bytes: what is known of the machines settles the cause") {
  DifferenceOptions known;
  known.first = {"anvil", "alice", {"/a/ws"}, 4};
  known.second = {"forge", "bob", {"/b/ws"}, 16};
  CHECK(cause("x anvil\n", "x forge\n", known) == Cause::host);
  CHECK(cause("x alice\n", "x bob\n", known) == Cause::user);
  CHECK(cause("x=/a/ws\n", "x=/b/ws\n", known) == Cause::path);
  CHECK(cause("x=4\n", "x=16\n", known) == Cause::processors);
  CHECK(cause("x=5\n", "x=17\n", known) == Cause::unknown);
}

TEST_CASE("explain_bytes: lines are numbered, cut and escaped") {
  auto found = explain("same\nred\n\x1b[31m" + std::string(500, 'x') + "1\n",
                       "same\nblue\n\x1b[31m" + std::string(500, 'x') + "2\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].where == "line 2");
  CHECK(found[0].what == "'red' and 'blue'");
  CHECK(found[1].what.size() < 300);
  CHECK(found[1].what.find('\x1b') == std::string::npos);
  found = explain("a\n", "a\nb\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].what == "1 and 2 lines");
}

TEST_CASE("explain_bytes: JSON is told by pointer, unless it only is written otherwise") {
  auto found = explain(R"({"a": {"built": "2026-01-02", "n": 1}})",
                       R"({"a": {"built": "2026-01-03", "n": 1}})");
  REQUIRE(found.size() == 1);
  CHECK(found[0].where == "/a/built");
  CHECK(found[0].cause == Cause::time);
  CHECK(cause(R"({"a":[3,1,2]})", R"({"a":[1,2,3]})") == Cause::order);
  CHECK(cause(R"({"jobs":4})", R"({"jobs":8})") == Cause::processors);
  found = explain("{\"a\": 1}", "{ \"a\": 1}");
  REQUIRE(found.size() == 1);
  CHECK(found[0].where == "line 1");
  found = explain("{\"a\": ", "{\"b\": ");
  CHECK(found.at(0).where == "line 1");
}

TEST_CASE("explain_bytes: a gzip's header apart from what is in it") {
  const auto packed = [](const std::string& text, const char* options) {
    return made_by("printf '%s' '" + text + "' >f && touch -d @" + options + " f && gzip -N f",
                   "f.gz");
  };
  const auto a = packed("text", "1700000000"), b = packed("text", "1700000009");
  auto found = explain(a, b);
  REQUIRE(found.size() == 1);
  CHECK(found[0].where == "gzip header");
  CHECK(found[0].cause == Cause::time);
  found = explain(a, packed("other", "1700000000"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].where == "compressed content");
  CHECK(find(found, "line 1") != nullptr);

  const auto text = archive::sample(100'000);
  found = explain(compressed(text, {archive::Algorithm::zstd, 1}),
                  compressed(text, {archive::Algorithm::zstd, 19}));
  REQUIRE(found.size() == 1);
  CHECK(found[0].cause == Cause::compressor);
  for (const auto* const tool : {"xz", "bzip2"}) {
    const auto by = [&](const char* content) {
      return made_by(cullet::cat("echo ", content, " | ", tool, " >f"), "f");
    };
    CHECK(find(explain(by("one"), by("two")), "line 1") != nullptr);
  }
}

TEST_CASE("explain_bytes: members of archives: order, header and content") {
  const auto ar = [](const std::string& script) {
    return made_by(
        "echo 1 >a; echo 2 >b; echo n >a_name_that_is_longer_than_fits.o; touch -d @1700000000 "
        "*; " +
            script,
        "out");
  };
  const auto plain = ar("ar qcU out a b a_name_that_is_longer_than_fits.o");
  auto found = explain(
      plain, ar("touch -d @1700000099 b; ar qcU out a b a_name_that_is_longer_than_fits.o"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].where == "member b");
  REQUIRE(found[0].inside.size() == 1);
  CHECK(found[0].inside[0].where == "mtime");
  CHECK(found[0].inside[0].cause == Cause::time);
  found = explain(plain,
                  ar("echo 3 >a_name_that_is_longer_than_fits.o; touch -d @1700000000 a_*; ar qcU "
                     "out a b a_name_that_is_longer_than_fits.o"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].where == "member a_name_that_is_longer_than_fits.o");
  CHECK(found[0].inside.at(0).where == "line 1");
  found = explain(plain, ar("ar qcU out b a a_name_that_is_longer_than_fits.o"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].cause == Cause::order);
  found = explain(plain, ar("ar qcU out a b"));
  REQUIRE(find(found, "member a_name_that_is_longer_than_fits.o") != nullptr);

  const auto tar = [](const std::string& script) {
    return made_by("echo 1 >a; echo 2 >b; touch -d @1700000000 *; " + script, "out");
  };
  const std::string pack = "tar --owner=0 --group=0 --format=ustar ";
  const auto one = tar(pack + "-czf out a b");
  found =
      explain(one, tar("chmod 600 b; echo 9 >b; touch -d @1700000000 b; " + pack + "-czf out a b"));
  const auto* const member = find(found, "member b");
  REQUIRE(member != nullptr);
  CHECK(find(member->inside, "mode") != nullptr);
  CHECK(find(member->inside, "line 1") != nullptr);
  found = explain(one, tar(pack + "-czf out b a"));
  REQUIRE(find(found, "members") != nullptr);
  CHECK(find(found, "members")->cause == Cause::order);
  const auto zip = tar("zip -qX out.zip a b && mv out.zip out");
  found = explain(zip, tar("touch -d @1800000000 b; zip -qX out.zip a b && mv out.zip out"));
  REQUIRE(find(found, "mtime") != nullptr);
  CHECK(find(found, "mtime")->cause == Cause::time);
}

TEST_CASE("explain_bytes: sections of a program, and what their strings tell") {
  const std::string main = "int main(void) { return 0; }";
  const auto dated = [&](const char* date) {
    return compiled(cullet::cat("const char* when = \"", date, "\"; ", main), "-O1");
  };
  auto found = explain(dated("Nov 21 2026"), dated("Nov 22 2026"));
  REQUIRE(find(found, "section .rodata") != nullptr);
  CHECK(find(found, "section .rodata")->cause == Cause::time);
  REQUIRE(find(found, "section .note.gnu.build-id") != nullptr);
  CHECK(find(found, "section .note.gnu.build-id")->cause == Cause::unknown);

  // Debug information knows the directory; once it is stripped, the build-id still does.
  const auto in = [&](const char* directory, const char* then) {
    return compiled(
        main, cullet::cat("-g -Wl,--build-id -fdebug-prefix-map=$PWD=", directory), then);
  };
  found = explain(in("/home/alice/ws", "true"), in("/home/carol/ws", "true"));
  bool path = false;
  for (const auto& one : found)
    path |= one.cause == Cause::path;
  CHECK(path);
  found = explain(in("/home/alice/ws", "strip out"), in("/home/carol/ws", "strip out"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].where == "section .note.gnu.build-id");
  CHECK(found[0].cause == Cause::path);

  found = explain(compiled("int main(void) { return 1; }", "-O1"), compiled(main, "-O1"));
  CHECK(find(found, "section .text") != nullptr);
  // Functions in another order: the same names.
  const std::string one = "int first(void) { return 1; } ", two = "int second(void) { return 2; } ";
  found = explain(compiled(one + two, "-c"), compiled(two + one, "-c"));
  REQUIRE(find(found, "section .strtab") != nullptr);
  CHECK(find(found, "section .strtab")->cause == Cause::order);
}

TEST_CASE("explain_bytes: another compiler is seen in .comment") {
  const std::string main = "int main(void) { return 0; }";
  auto a = compiled(main, "-O1"), b = a;
  const auto at = b.rfind("GCC: (");
  REQUIRE(at != std::string::npos);
  b[at + 6] ^= 1;
  const auto found = explain(a, b);
  REQUIRE(find(found, "section .comment") != nullptr);
  CHECK(find(found, "section .comment")->cause == Cause::tool);
}

TEST_CASE("explain_bytes: bytes of no known form") {
  std::string a(1000, '\0'), b = a;
  b[500] = 1;
  auto found = explain(a, b);
  REQUIRE(found.size() == 1);
  CHECK(found[0].where == "offset 500");
  CHECK(found[0].what.starts_with("1 byte differs"));
  CHECK(found[0].cause == Cause::unknown);
  // 1700000000 and 1700000255 as a file has them, little end first.
  a.replace(500, 4, "\x00\xf1\x53\x65", 4);
  b.replace(500, 4, "\xff\xf1\x53\x65", 4);
  CHECK(cause(a, b) == Cause::time);
  CHECK(cause(std::string("\0\1/home/alice/x\0", 16), std::string("\0\1/home/bobby/x\0", 16)) ==
        Cause::path);
  const std::string head("\x61\x0d\x0d\x0a\0\0\0\0", 8);
  found = explain(head + "1234" + std::string(50, 'x'), head + "1235" + std::string(50, 'x'));
  CHECK(found.at(0).where == "compiled Python");
}

TEST_CASE("explain_bytes: files that only look like something, or unfold to too much, are bytes") {
  const auto text = archive::sample(10'000);
  auto packed = compressed(text, {archive::Algorithm::gzip, 6});
  auto other = packed.substr(0, packed.size() / 2);
  CHECK(explain(packed, other).at(0).where.starts_with("offset"));
  DifferenceOptions small;
  small.file_bytes = 1000;
  CHECK(explain(packed, compressed(text + "x", {archive::Algorithm::gzip, 6}), small)
            .at(0)
            .where.starts_with("offset"));
  // Nested deeper than is looked: it ends, and says so.
  std::string one = "1\n", two = "2\n";
  for (int i = 0; i < 10; ++i) {
    one = compressed(one, {archive::Algorithm::gzip, 6});
    two = compressed(two, {archive::Algorithm::gzip, 6});
  }
  auto found = explain(one, two);
  std::size_t depth = 0;
  for (const auto* at = &found; !at->empty(); at = &at->front().inside)
    ++depth;
  CHECK(depth == 6);
  CHECK_FALSE(explain("!<arch>\nx", "!<arch>\ny").empty());
  CHECK_FALSE(explain("\x7f"
                      "ELFxxxxxxxxxxxxxx",
                      "\x7f"
                      "ELFyyyyyyyyyyyyyy")
                  .empty());
}
