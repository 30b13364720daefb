// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "cullet/base/stream.hpp"

namespace cullet::archive {

/// Lets the first bytes of a source be looked at before they are read. `inner` must outlive it.
class PeekedSource final : public Source {
 public:
  static constexpr std::size_t kMaxHead = 16;

  /// Reads ahead up to kMaxHead bytes.
  explicit PeekedSource(Source& inner);
  std::size_t read(std::span<std::byte> into) override;
  /// The first bytes; fewer than kMaxHead only where the whole source is shorter. To be looked at
  /// before the first read().
  [[nodiscard]] std::string_view head() const { return as_text({head_.data(), size_}); }

 private:
  Source& inner_;
  std::array<std::byte, kMaxHead> head_{};
  std::size_t size_ = 0;
  std::size_t given_ = 0;
};

}  // namespace cullet::archive
