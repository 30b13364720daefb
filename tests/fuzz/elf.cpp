// SPDX-License-Identifier: Apache-2.0
// Shared libraries of images: what they offer and need.
#include "cullet/image/elf.hpp"

#include "cullet/base/stream.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  accepts([&] {
    const auto object = image::read_dynamic(as_bytes(text));
    if (!object)
      return;
    require(text.starts_with("\x7f"
                             "ELF"),
            "nothing else is an ELF file");
    require(text.find(object->soname) != text.npos, "a name stands in the file");
    for (const auto& symbol : object->symbols)
      require(text.find(symbol) != text.npos, "a symbol stands in the file");
  });
  return 0;
}
