// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>

namespace cullet {

/// A request to stop, shared by everything that a command started. Copies refer to one state.
/// request() is async-signal-safe; all members may be called from any thread.
class Cancel {
 public:
  Cancel();
  void request() const noexcept;
  [[nodiscard]] bool requested() const noexcept;
  /// Throws Kind::interrupted if stopping was requested.
  void check() const;
  /// A descriptor that becomes readable, and stays so, when stopping is requested: for poll(2).
  [[nodiscard]] int fd() const noexcept;
  /// Sleeps; throws Kind::interrupted as soon as stopping is requested.
  void sleep(std::chrono::milliseconds time) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cullet
