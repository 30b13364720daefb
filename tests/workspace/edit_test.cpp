// SPDX-License-Identifier: Apache-2.0
#include "cullet/workspace/edit.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"

namespace cullet::workspace {
namespace {

const std::string kHead =
    "# our fork\n"
    "url: https://example.com/z.git   # cloned\n"
    "pin: { commit: 0f3c9d1e2b4a5968778695a4b3c2d1e0f9e8d7c6 }\n";

Fork parsed(const std::string& text) {
  return parse_fork(text, "forks/z.yaml", "z");
}

Patch patch(const std::string& file, const std::string& reason = "a reason") {
  Patch patch;
  patch.from = Patch::File{file};
  patch.reason = reason;
  return patch;
}

std::vector<SeriesEntry> kept(const Fork& fork, std::vector<std::size_t> order = {}) {
  std::vector<SeriesEntry> series;
  if (order.empty())
    for (std::size_t i = 0; i < fork.patches.size(); ++i)
      order.push_back(i);
  for (const auto i : order)
    series.push_back({i, fork.patches.at(i)});
  return series;
}

std::string with(const std::string& text, const Patch& added) {
  const auto fork = parsed(text);
  auto series = kept(fork);
  series.push_back({std::nullopt, added});
  return edit_patches(text, fork, series);
}

const std::string kTwo =
    kHead +
    "patches:\n"
    "  # the first\n"
    "  - file: z/a.patch   # in a hurry\n"
    "    reason: |\n"
    "      # no comment\n"
    "      one\n"
    "    sha256: 71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1\n"
    "\n"
    "  # the second\n"
    "  - { file: z/b.patch, reason: 'two' }\n"
    "\n"
    "# the end\n"
    "upstream: https://example.com/up.git\n";

}  // namespace

TEST_CASE("edit_patches: the same series gives the same text") {
  for (const auto& text : {kTwo, kHead})
    CHECK(edit_patches(text, parsed(text), kept(parsed(text))) == text);
}

TEST_CASE("edit_patches: a new patch stands after the others, all else is as it was") {
  auto added = patch("z/c.patch", "why: because");
  added.fixes = {"CVE-2026-1"};
  added.by = "O'Neil <o@example.com>";
  added.added = "2026-11-21";
  added.expires = 1797724800;
  added.picked = {std::string(40, '1'), std::string(40, '2')};
  auto expected = kTwo;
  expected.insert(expected.find("\n# the end"),
                  "  - file: z/c.patch\n"
                  "    fixes: [CVE-2026-1]\n"
                  "    reason: \"why: because\"\n"
                  "    by: O'Neil <o@example.com>\n"
                  "    added: 2026-11-21\n"
                  "    expires: 2026-12-20\n"
                  "    picked: [1111111111111111111111111111111111111111, "
                  "2222222222222222222222222222222222222222]\n");
  CHECK(with(kTwo, added) == expected);
}

TEST_CASE("edit_patches: a file without patches gets them at its end, and loses them again") {
  for (const auto& text : {kHead, kHead + "patches: []\n"}) {
    const auto edited = with(text, patch("z/a.patch"));
    CHECK(edited == kHead + "patches:\n  - file: z/a.patch\n    reason: a reason\n");
    CHECK(edit_patches(edited, parsed(edited), {}) == kHead);
  }
  const auto without_end = kHead.substr(0, kHead.size() - 1);
  CHECK(with(without_end, patch("z/a.patch")).substr(0, kHead.size()) == kHead);
  CHECK(with(kHead + "...\n", patch("z/a.patch")).ends_with("a reason\n...\n"));
}

TEST_CASE("edit_patches: a comment beside `patches:` outlives the last patch, and takes the next") {
  const auto added = patch("z/a.patch");
  const std::string entry = "  - file: z/a.patch\n    reason: a reason\n";
  for (const std::string heading : {"patches: # each with its ticket\n",
                                    "patches:   # each with its ticket\n  # [TICKET-1], and on\n",
                                    "patches: # each with its ticket\n    # in order\n"}) {
    const auto one = kHead + heading + "  - file: z/a.patch\n    reason: a reason\n# the end\n";
    const auto none = edit_patches(one, parsed(one), {});
    CAPTURE(none);
    CHECK(none.find("# each with its ticket\n") != std::string::npos);
    CHECK(edit_patches(none, parsed(none), {}) == none);
    const auto again = with(none, added);
    CHECK(again.find(" # each with its ticket\n") != std::string::npos);
    CHECK(again.find("[]") == std::string::npos);
    CHECK(again.ends_with(entry + "# the end\n"));
  }
  CHECK(with(kHead + "patches: [ ] # none", added) == kHead + "patches: # none\n" + entry);
}

TEST_CASE("edit_patches: a dropped patch goes with the comment above it") {
  const auto fork = parsed(kTwo);
  const auto second = edit_patches(kTwo, fork, kept(fork, {1}));
  CHECK(second ==
        kHead +
            "patches:\n  # the second\n  - { file: z/b.patch, reason: 'two' }\n\n# the end\n"
            "upstream: https://example.com/up.git\n");
  const auto first = edit_patches(kTwo, fork, kept(fork, {0}));
  CHECK(first.find("the second") == std::string::npos);
  CHECK(first.find("      # no comment\n      one\n") != std::string::npos);
  CHECK(first.find("# in a hurry") != std::string::npos);
}

TEST_CASE("edit_patches: patches change places with their comments") {
  const auto fork = parsed(kTwo);
  const auto turned = edit_patches(kTwo, fork, kept(fork, {1, 0}));
  CHECK(turned.find("# the second") < turned.find("# the first"));
  const auto again = parsed(turned);
  CHECK(again.patches.at(0).name() == "z/b.patch");
  CHECK(same(again.patches.at(1), fork.patches.at(0)));
}

TEST_CASE("edit_patches: of a changed patch, only the keys that changed are written") {
  const auto fork = parsed(kTwo);
  auto series = kept(fork);
  series[0].patch.from = Patch::File{"z/a.2.patch"};
  series[0].patch.sha256 = Sha256::parse_hex(std::string(64, 'b'));
  series[0].patch.by = "B";
  const auto edited = edit_patches(kTwo, fork, series);
  CHECK(edited.find("  # the first\n"
                    "  - file: z/a.2.patch   # in a hurry\n"
                    "    reason: |\n"
                    "      # no comment\n"
                    "      one\n"
                    "    sha256: " +
                    std::string(64, 'b') + "\n    by: B\n\n  # the second\n") != std::string::npos);
  series = kept(fork);
  series[1].patch.fixes = {"CVE-1"};
  CHECK(edit_patches(kTwo, fork, series)
            .find("  # the second\n  - file: z/b.patch\n    fixes: [CVE-1]\n    reason: two\n") !=
        std::string::npos);
}

TEST_CASE("edit_patches: a commit becomes a file") {
  const auto text = kHead + "patches:\n- reason: r\n  commit: " + std::string(40, '1') + "\n";
  const auto fork = parsed(text);
  auto series = kept(fork);
  series[0].patch.from = Patch::File{"z/a.patch"};
  CHECK(edit_patches(text, fork, series) == kHead + "patches:\n- file: z/a.patch\n  reason: r\n");
}

TEST_CASE("edit_patches: line ends, other indents and other characters stay") {
  const std::string text =
      "url: https://example.com/z.git\r\npin: { commit: 0f3c9d1e2b4a5968778695a4b3c2d1e0f9e8d7c6 "
      "}\r\n"
      "patches:\r\n    -   file: z/a.patch\r\n        reason: \xC3\xA4\xC3\xB6 # ja\r\n";
  const auto edited = with(text, patch("z/b.patch", "\xC3\xBC: \"quoted\"\nand a line\t"));
  CHECK(edited.substr(0, text.size()) == text);
  CHECK(edited.substr(text.size()) ==
        "    - file: z/b.patch\r\n      reason: \"\xC3\xBC: \\\"quoted\\\"\\nand a line\\t\"\r\n");
}

TEST_CASE("edit_patches: every reason survives") {
  for (const auto* reason : {"null", "true", "12",           "- x",         "# x",        "a # b",
                             "a: b", "'q'",  "\"",           "a\\",         "{x",         "[x",
                             "*x",   "&x",   "!x",           "|",           ">",          "%x",
                             "@x",   "`x",   "x:",           " x ",         "2026-01-01", "~",
                             "=",    "a, b", "line\nline\n", "\xE2\x82\xAC"}) {
    INFO(reason);
    CHECK(parsed(with(kTwo, patch("z/c.patch", reason))).patches.at(2).reason == reason);
  }
}

TEST_CASE("edit_patches: a list in flow style becomes one in block style") {
  const auto text = kHead +
                    "patches: [{ file: z/a.patch, reason: one },\n  { file: z/b.patch, "
                    "reason: two }]\nupstream: https://example.com/up.git\n";
  const auto edited = with(text, patch("z/c.patch"));
  CHECK(edited == kHead +
                      "patches:\n  - file: z/a.patch\n    reason: one\n  - file: z/b.patch\n    "
                      "reason: two\n  - file: z/c.patch\n    reason: a reason\n"
                      "upstream: https://example.com/up.git\n");
}

TEST_CASE("edit_patches: what can't be edited is refused, never changed into something else") {
  const auto refused = [](const std::string& text) {
    try {
      with(text, patch("z/c.patch"));
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::input);
      CHECK_FALSE(error.hints().empty());
      return error.render();
    }
    FAIL("accepted");
    return std::string();
  };
  CHECK_THAT(refused("{ \"url\": \"https://example.com/z.git\", \"pin\": { \"commit\": "
                     "\"0f3c9d1e2b4a5968778695a4b3c2d1e0f9e8d7c6\" } }\n"),
             Catch::Contains("block style"));
  CHECK_THAT(refused(kHead + "patches: [  # these\n  { file: z/a.patch, reason: one } ]\n"),
             Catch::Contains("has a comment"));
}

}  // namespace cullet::workspace
