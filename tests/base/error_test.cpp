// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/error.hpp"

#include <cerrno>
#include <stdexcept>

#include "base/failure.hpp"

using namespace cullet;

TEST_CASE("exit_status: one per kind, as the manual says") {
  CHECK(exit_status(Kind::input) == 1);
  CHECK(exit_status(Kind::usage) == 2);
  CHECK(exit_status(Kind::refused) == 3);
  CHECK(exit_status(Kind::machine) == 4);
  CHECK(exit_status(Kind::step) == 5);
  CHECK(exit_status(Kind::interrupted) == 130);
  CHECK(exit_status(Kind::internal) == 70);
}

TEST_CASE("Error::render: what failed, details, contexts from the inside out, hints") {
  const auto error = failure([] {
    with_context("running `cullet build nginx`", [] {
      with_context([] { return cat("preparing fork '", "zlib", "' at 0f3c9d1"); },
                   [] {
                     throw Error(Kind::input,
                                 "patch zlib/CVE-2023-45853.patch does not apply to zlib 1.2.13")
                         .detail("hunk 2 of contrib/minizip/zip.c, line 1083: context not found")
                         .hint("`cullet shell zlib --at source` opens the tree without the patch");
                   });
    });
  });
  CHECK(error.render() ==
        "error: patch zlib/CVE-2023-45853.patch does not apply to zlib 1.2.13\n"
        "  hunk 2 of contrib/minizip/zip.c, line 1083: context not found\n"
        "  while preparing fork 'zlib' at 0f3c9d1\n"
        "  while running `cullet build nginx`\n"
        "hint: `cullet shell zlib --at source` opens the tree without the patch\n");
}

TEST_CASE("Error::render: foreign text can neither drive a terminal nor pose as our lines") {
  Error error(Kind::input, "bad name 'a\nhint: rm -rf /'");
  error.detail("first\x1b[31m\nhint: second").hint("\tgo\r").add_context("reading \xff");
  CHECK(error.render() ==
        "error: bad name 'a\\x0ahint: rm -rf /'\n"
        "  first\\x1b[31m\n"
        "  hint: second\n"
        "  while reading \\xff\n"
        "hint: \\x09go\\x0d\n");
}

TEST_CASE("Error: what() is the message, kind and parts are kept through a copy") {
  const Error error = Error(Kind::refused, "no").detail("d").hint("h");
  const Error copy = error;
  CHECK(std::string(copy.what()) == "no");
  CHECK(copy.kind() == Kind::refused);
  CHECK(copy.details() == std::vector<std::string>{"d"});
  CHECK(copy.hints() == std::vector<std::string>{"h"});
  CHECK(copy.contexts().empty());
}

TEST_CASE("with_context: passes results on and builds its text only on failure") {
  int built = 0;
  const auto doing = [&] {
    ++built;
    return std::string("counting");
  };
  CHECK(with_context(doing, [] { return 7; }) == 7);
  int value = 3;
  int& same = with_context("referring", [&]() -> int& { return value; });
  CHECK(&same == &value);
  CHECK(built == 0);
  failure([&] { with_context(doing, [] { throw Error(Kind::input, "x"); }); });
  CHECK(built == 1);
}

TEST_CASE("with_context: leaves other exceptions alone") {
  CHECK_THROWS_AS(with_context("x", [] { throw std::out_of_range("y"); }), std::out_of_range);
}

TEST_CASE("system_error: names what failed and why, with a hint where there is one") {
  const auto full = system_error("cannot write /x", ENOSPC);
  CHECK(full.kind() == Kind::machine);
  CHECK(full.message() == "cannot write /x: No space left on device");
  for (const int number : {ENOSPC, EDQUOT, EMFILE, EACCES})
    CHECK(system_error("x", number).hints().size() == 1);
  CHECK(system_error("x", ENOENT, Kind::input).kind() == Kind::input);
  CHECK(system_error("x", ENOENT).hints().empty());
  CHECK(system_error("x", 98765).message() == "x: errno 98765");
}

TEST_CASE("cat: numbers have no grouping") {
  CHECK(cat("a", 1234567, ' ', std::string("b"), 0.5) == "a1234567 b0.5");
}
