// SPDX-License-Identifier: Apache-2.0
// The files that people write: cullet.yaml, forks, recipes and policies.
#include "cullet/workspace/policy.hpp"
#include "cullet/workspace/workspace.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

template <class Parse>
void parse(const Parse& parse_text) {
  accepts([&] {
    try {
      parse_text();
    } catch (const Error& error) {
      require(error.message().starts_with("input.yaml:"), "an error says where");
      throw;
    }
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  parse([&] { workspace::parse_config(text, "input.yaml"); });
  parse([&] { workspace::parse_fork(text, "input.yaml", "input"); });
  parse([&] { workspace::parse_policy(text, "input.yaml"); });
  parse([&] { workspace::parse_recipe(text, "input.yaml", "input"); });
  return 0;
}
