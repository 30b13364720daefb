// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/cancel.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <poll.h>

#include "cullet/base/error.hpp"

#include "base/failure.hpp"

using namespace cullet;
using namespace std::chrono_literals;

namespace {

bool readable(int fd) {
  pollfd event{fd, POLLIN, 0};
  return ::poll(&event, 1, 0) == 1;
}

}  // namespace

TEST_CASE("Cancel: copies share one state") {
  const Cancel cancel;
  const Cancel copy = cancel;
  CHECK_FALSE(copy.requested());
  CHECK_FALSE(readable(copy.fd()));
  CHECK_NOTHROW(copy.check());

  cancel.request();
  CHECK(copy.requested());
  CHECK(readable(copy.fd()));
  CHECK(failure([&] { copy.check(); }).kind() == Kind::interrupted);
}

TEST_CASE("Cancel: the descriptor stays readable, however often stopping is requested") {
  const Cancel cancel;
  for (int i = 0; i < 1000; ++i)
    cancel.request();
  CHECK(readable(cancel.fd()));
  CHECK(readable(cancel.fd()));
}

TEST_CASE("Cancel: the descriptor is closed on exec") {
  CHECK((::fcntl(Cancel().fd(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("Cancel::request: keeps errno, for signal handlers") {
  const Cancel cancel;
  errno = ERANGE;
  cancel.request();
  CHECK(errno == ERANGE);
}

TEST_CASE("Cancel::sleep: waits for its time") {
  const auto start = std::chrono::steady_clock::now();
  Cancel().sleep(30ms);
  CHECK(std::chrono::steady_clock::now() - start >= 30ms);
  CHECK_NOTHROW(Cancel().sleep(0ms));
  CHECK_NOTHROW(Cancel().sleep(-5ms));
}

TEST_CASE("Cancel::sleep: ends as soon as stopping is requested") {
  const Cancel cancel;
  std::thread other([cancel] {
    std::this_thread::sleep_for(20ms);
    cancel.request();
  });
  const auto error = failure([&] { cancel.sleep(std::chrono::milliseconds::max()); });
  other.join();
  CHECK(error.kind() == Kind::interrupted);
  CHECK(failure([&] { cancel.sleep(0ms); }).kind() == Kind::interrupted);
}
