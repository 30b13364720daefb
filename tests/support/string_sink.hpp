// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "cullet/base/stream.hpp"

namespace cullet {

/// Collects into a string.
class StringSink final : public Sink {
 public:
  void write(Bytes bytes) override { text_.append(as_text(bytes)); }
  [[nodiscard]] const std::string& text() const& { return text_; }
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace cullet
