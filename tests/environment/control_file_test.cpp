// SPDX-License-Identifier: Apache-2.0
#include "control_file.hpp"

#include <catch2/catch.hpp>

#include "failure.hpp"

namespace cullet::environment {
namespace {

TEST_CASE("parse_control: paragraphs, continued lines, comments and any case of names") {
  const auto paragraphs = parse_control(
      "# made by hand\nPackage: a\nDescription: short\n long\n .\n\tmore\n\n\nPACKAGE:  b \r\n# x\n"
      "Empty:\n",
      "f");
  REQUIRE(paragraphs.size() == 2);
  CHECK(paragraphs[0].get("package") == "a");
  CHECK(paragraphs[0].get("Description") == "short\nlong\n.\nmore");
  CHECK(paragraphs[1].get("Package") == "b");
  REQUIRE(paragraphs[1].find("empty") != nullptr);
  CHECK(paragraphs[1].find("empty")->empty());
  CHECK(paragraphs[1].find("absent") == nullptr);
  CHECK(parse_control("", "f").empty());
}

TEST_CASE("parse_control: names the line of what is no field") {
  const auto message = [](std::string_view text) {
    return failure(Kind::input, [&] { (void)parse_control(text, "f"); });
  };
  CHECK(message("A: b\nnonsense\n") == "error: f:2: not a field of a control file\n");
  CHECK(message(" A: b\n") == "error: f:1: a line that continues nothing\n");
  CHECK(message("A: b\n\n c\n") == "error: f:3: a line that continues nothing\n");
  CHECK(message("A: b\na: c\n") == "error: f:2: the field 'a' is given twice\n");
  CHECK(message(": b\n") == "error: f:1: not a field of a control file\n");
  CHECK(message(std::string_view("A: b\0c\n", 7)) == "error: f:1: a NUL character\n");
}

TEST_CASE("parse_control: bounds the fields of a paragraph, which each new one is compared with") {
  std::string text;
  for (std::size_t i = 0; i < kMaxFields; ++i)
    text += cat("F", i, ": x\n");
  CHECK(parse_control(text, "f")[0].size() == kMaxFields);
  CHECK(parse_control(text + "\nA: b\n", "f").size() == 2);
  CHECK(failure(Kind::input, [&] { (void)parse_control(text + "A: b\n", "f"); }) ==
        "error: f:1001: more than 1000 fields in one paragraph\n");
}

}  // namespace
}  // namespace cullet::environment
