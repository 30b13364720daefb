// SPDX-License-Identifier: Apache-2.0
// cullet.lock.
#include "cullet/environment/lock.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  accepts([&] {
    const auto lock = environment::Lock::parse(text_of(data, size), "input");
    const auto printed = lock.serialize();
    const auto again = environment::Lock::parse(printed, "printed");
    require(again.packages == lock.packages, "printing undoes parsing");
    require(again.serialize() == printed, "printing is stable");
    for (const auto& [name, set] : lock.sets)
      static_cast<void>(lock.resolve(name, set.requested, set.suite));
  });
  return 0;
}
