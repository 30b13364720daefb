// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/stream.hpp"

#include <algorithm>
#include <vector>

#include "cullet/base/error.hpp"

namespace cullet {

namespace {
constexpr std::size_t kBufferSize = 256U << 10U;
constexpr std::size_t kFirstRead = 8U << 10U;
}  // namespace

std::size_t MemorySource::read(std::span<std::byte> into) {
  const auto count = std::min(into.size(), rest_.size());
  std::copy_n(rest_.begin(), count, into.begin());
  rest_ = rest_.subspan(count);
  return count;
}

std::uint64_t copy(Source& from, Sink& to) {
  std::vector<std::byte> buffer(kBufferSize);
  std::uint64_t total = 0;
  while (const auto count = from.read(buffer)) {
    to.write(Bytes(buffer).first(count));
    total += count;
  }
  return total;
}

void drain(Source& source) {
  std::vector<std::byte> buffer(kBufferSize);
  while (source.read(buffer) > 0) {
  }
}

std::string read_all(Source& from, std::uint64_t limit, std::string_view what) {
  // Most texts are small; a buffer costs what it takes to clear it.
  std::vector<std::byte> buffer(kFirstRead);
  std::string text;
  while (const auto count = from.read(buffer)) {
    if (count > limit - text.size())
      throw Error(Kind::input, cat(what, " is larger than ", limit, " bytes"));
    text.append(as_text(Bytes(buffer).first(count)));
    if (count == buffer.size() && count < kBufferSize)
      buffer.resize(kBufferSize);
  }
  return text;
}

}  // namespace cullet
