// SPDX-License-Identifier: Apache-2.0
// Compressed streams; and what is compressed comes back.
#include "cullet/archive/compression.hpp"

#include <array>

#include "../support/string_sink.hpp"
#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

constexpr std::uint64_t kLimit = 1U << 20U;

void decompress(std::string_view bytes) {
  MemorySource source(bytes);
  const auto plain = archive::decompress(source, kLimit, "input");
  std::uint64_t total = 0;
  std::array<std::byte, 4096> buffer{};
  while (const auto count = plain->read(buffer))
    total += count;
  require(total <= kLimit, "no more comes out than allowed");
  require(plain->read(buffer) == 0, "the end stays the end");
}

void round_trip(std::string_view bytes, const archive::Compression& compression) {
  StringSink packed;
  const auto compressor = archive::compress(compression, packed, 0);
  compressor->write(as_bytes(bytes));
  compressor->finish();
  MemorySource source(packed.text());
  const auto plain = archive::decompress(source, bytes.size(), "what was compressed");
  require(read_all(*plain, bytes.size(), "what was compressed") == bytes,
          "decompressing undoes compressing");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = text_of(data, size);
  accepts([&] { decompress(bytes); });
  if (size != 0 && size % 16 == 0) {  // dear, and little can be found here
    round_trip(bytes, {.algorithm = archive::Algorithm::zstd, .level = 1});
    round_trip(bytes, {.algorithm = archive::Algorithm::gzip, .level = 1});
  }
  return 0;
}
