// SPDX-License-Identifier: Apache-2.0
// The directory of a zip, which the time of an imported commit is taken from.
#include "zip_time.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(text_of(data, size));
  accepts([&] { source::newest_zip_time(file.fd(), "input"); });
  return 0;
}
