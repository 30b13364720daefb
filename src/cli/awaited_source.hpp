// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "cullet/base/cancel.hpp"
#include "cullet/base/stream.hpp"

namespace cullet::cli {

/// Reads what a person types, or another program has yet to write, from a descriptor that outlives
/// it; `name` is for errors. Where stopping is requested, read() throws Kind::interrupted instead
/// of waiting on: a signal alone does not end a read(2) of the terminal, which the kernel restarts.
class AwaitedSource final : public Source {
 public:
  AwaitedSource(int fd, std::string name, Cancel cancel)
      : fd_(fd), name_(std::move(name)), cancel_(std::move(cancel)) {}
  std::size_t read(std::span<std::byte> into) override;

 private:
  int fd_;
  std::string name_;
  Cancel cancel_;
};

}  // namespace cullet::cli
