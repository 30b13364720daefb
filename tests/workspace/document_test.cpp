// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::workspace {
namespace {

std::string failure(const std::string& text) {
  try {
    parse_config(text, "cullet.yaml");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::input);
    return error.message();
  }
  return "accepted";
}

std::string repeat(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i)
    text += part;
  return text;
}

TEST_CASE("Document: hostile nesting is refused before it can exhaust the stack") {
  for (const auto* part : {"[", "{a: ", "- ", "- - a: ", "a:\n- ", "? ", "[a: {b: "}) {
    INFO(part);
    CHECK(failure(repeat(part, 100'000)).rfind("cullet.yaml:1:", 0) == 0);
    CHECK(failure("a: " + repeat(part, 100'000)).rfind("cullet.yaml:1:", 0) == 0);
    CHECK(failure("a:\n  " + repeat(part, 100'000)).rfind("cullet.yaml:", 0) == 0);
  }
  CHECK(failure("- " + repeat("- ", 100'000)) == "cullet.yaml:1:65: nested deeper than 32 levels");
}

TEST_CASE("Document: a file larger than 1 MiB is refused by its size") {
  CHECK(failure("# " + std::string(1U << 20U, 'x')) ==
        "cullet.yaml is larger than 1.0 MiB: 1.0 MiB");
}

TEST_CASE("Document: a large document of the allowed size is read") {
  std::string text = "environments:\n";
  for (int i = 0; text.size() < 1'000'000; ++i)
    text += "  e" + std::to_string(i) + ": { debian: bookworm, packages: [gcc] }\n";
  CHECK(parse_config(text, "cullet.yaml").environments.size() > 10'000);
}

TEST_CASE("Document: one line or list may be all of the file") {
  // Reading them is linear, or this would not end.
  std::string packages = "environments: {c: {debian: bookworm, packages: [gcc";
  for (int i = 0; packages.size() < 1'000'000; ++i)
    packages += ", p" + std::to_string(i);
  CHECK(parse_config("registry: oci:x\n" + packages + "]}}\n", "cullet.yaml")
            .environments.at("c")
            .packages.size() > 100'000);
  CHECK(failure("a: [" + repeat("[], ", 250'000) + "&b]\n") ==
        "cullet.yaml:1:1000005: anchors and aliases are not used here");
}

TEST_CASE("Document: whatever bytes come, the answer is a document or an Error with a position") {
  const std::string seeds[] = {
      "environments:\n  c: { debian: bookworm, packages: [gcc, \"make\"] }\nregistry: oci:x\n",
      "registry: |\n  oci:x\n# c\nmirrors: ['a', \"b\\n\"]\n? x\n: *y\n--- \n...\n%YAML 1.2\n",
      "a: &x [1, {b: c}]\nb: !t <<\nd: >-\n  folded\n\n  text\n"};
  std::mt19937 random(20261121);
  const std::string_view alphabet = "{}[]:,-?&*!|>'\"%@#\n\t \\ax0~\xc3\xa9";
  for (int round = 0; round < 6000; ++round) {
    auto text = seeds[random() % std::size(seeds)];
    for (auto edits = random() % 8 + 1; edits > 0; --edits) {
      const auto at = random() % (text.size() + 1);
      if (random() % 3 == 0 && at < text.size())
        text.erase(at, random() % 5);
      else
        text.insert(at, 1, alphabet[random() % alphabet.size()]);
    }
    INFO("round " << round << ": " << text);
    const auto message = failure(text);
    CHECK((message == "accepted" || message.rfind("cullet.yaml:", 0) == 0));
  }
}

}  // namespace
}  // namespace cullet::workspace
