// SPDX-License-Identifier: Apache-2.0
#include "peeked_source.hpp"

#include <algorithm>

namespace cullet::archive {

PeekedSource::PeekedSource(Source& inner) : inner_(inner) {
  while (size_ < head_.size()) {
    const auto count = inner_.read(std::span(head_).subspan(size_));
    if (count == 0)
      break;
    size_ += count;
  }
}

std::size_t PeekedSource::read(std::span<std::byte> into) {
  if (given_ == size_)
    return inner_.read(into);
  const auto count = std::min(into.size(), size_ - given_);
  std::copy_n(head_.begin() + given_, count, into.begin());
  given_ += count;
  return count;
}

}  // namespace cullet::archive
