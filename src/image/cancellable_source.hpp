// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/base/cancel.hpp"
#include "cullet/base/stream.hpp"

namespace cullet::image {

/// Hands a blob's bytes on until stopping is requested.
class CancellableSource final : public Source {
 public:
  CancellableSource(Source& inner, const Cancel& cancel) : inner_(inner), cancel_(cancel) {}
  std::size_t read(std::span<std::byte> into) override {
    cancel_.check();
    return inner_.read(into);
  }

 private:
  Source& inner_;
  const Cancel& cancel_;
};

}  // namespace cullet::image
