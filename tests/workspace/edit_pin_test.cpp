// SPDX-License-Identifier: Apache-2.0
#include "cullet/workspace/edit_pin.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"

namespace cullet::workspace {
namespace {

const std::string kOld(40, 'a'), kNew(40, 'b');

std::string moved(const std::string& pin, const std::string& version) {
  const auto text = cat("# é\nurl: https://example.com/z.git\n", pin, "patches: []\n");
  const auto fork = parse_fork(text, "forks/z.yaml", "z");
  const auto result = edit_pin(text, fork, kNew, version);
  const auto now = parse_fork(result, "forks/z.yaml", "z");
  CHECK(now.commit == kNew);
  CHECK(now.version == (version.empty() ? fork.version : version));
  const auto begin = result.find("pin:");
  return result.substr(begin, result.find("patches:") - begin);
}

}  // namespace

TEST_CASE("edit_pin: nothing but the two values differs, however they are written") {
  const auto pair = [](const std::string& before, const std::string& after, const char* version) {
    INFO(before);
    CHECK(moved(before, version) == after);
  };
  pair("pin: { commit: " + kOld + ", version: 1.2 }  # why\n",
       "pin: { commit: " + kNew + ", version: 1.10 }  # why\n",
       "1.10");
  pair("pin: { version: '1.2', commit: \"" + kOld + "\" }\n",
       "pin: { version: '1.3', commit: \"" + kNew + "\" }\n",
       "1.3");
  pair("pin:\n  # reviewed\n  commit: " + kOld + " # by us\n  version: \"1.2\"\n",
       "pin:\n  # reviewed\n  commit: " + kNew + " # by us\n  version: \"2\"\n",
       "2");
  pair("pin:\n  commit: " + kOld + " # by us\n",
       "pin:\n  commit: " + kNew + " # by us\n  version: 2.0\n",
       "2.0");
  pair("pin: { commit: " + kOld + " }\n", "pin: { commit: " + kNew + ", version: 2.0 }\n", "2.0");
  pair("pin: { commit: " + kOld + ", version: 1.2 }\n",
       "pin: { commit: " + kNew + ", version: 1.2 }\n",
       "");
}

TEST_CASE("edit_pin: a version that a fork can't have is refused") {
  CHECK_THROWS_AS(moved("pin: { commit: " + kOld + " }\n", "1.0 beta"), Error);
  CHECK_THROWS_AS(moved("pin: { commit: " + kOld + " }\n", "2 }\nurl: x"), Error);
}

}  // namespace cullet::workspace
