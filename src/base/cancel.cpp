// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/cancel.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <limits>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

namespace cullet {

struct Cancel::State {
  std::atomic<bool> requested = false;
  Fd event;
};
static_assert(std::atomic<bool>::is_always_lock_free, "request() runs in signal handlers");

Cancel::Cancel() : state_(std::make_shared<State>()) {
  // Non-blocking, so that request() can't hang however often it is called.
  state_->event = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state_->event.valid())
    throw system_error("cannot create an event descriptor", errno);
}

void Cancel::request() const noexcept {
  const int saved = errno;  // a signal handler must not change it for the code it interrupted
  state_->requested.store(true);
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the descriptor is readable already.
  [[maybe_unused]] const auto written = ::write(state_->event.get(), &one, sizeof one);
  errno = saved;
}

bool Cancel::requested() const noexcept {
  return state_->requested.load();
}

void Cancel::check() const {
  if (requested())
    throw Error(Kind::interrupted, "interrupted");
}

int Cancel::fd() const noexcept {
  return state_->event.get();
}

void Cancel::sleep(std::chrono::milliseconds time) const {
  using Clock = std::chrono::steady_clock;
  // A century stands for "for ever" and keeps the sum below from overflowing.
  const auto end =
      Clock::now() + std::min<std::chrono::milliseconds>(time, std::chrono::years(100));
  for (;;) {
    check();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0)
      return;
    pollfd event{fd(), POLLIN, 0};
    const auto step = std::min<std::int64_t>(left, std::numeric_limits<int>::max());
    if (::poll(&event, 1, static_cast<int>(step)) < 0 && errno != EINTR)
      throw system_error("cannot wait", errno);
  }
}

}  // namespace cullet
