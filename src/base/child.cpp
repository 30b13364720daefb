// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <limits>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cullet {

namespace {

[[noreturn]] void give_up(const Child& child, ChildReport::Stage stage, int error_number) noexcept {
  const ChildReport report{stage, error_number};
  [[maybe_unused]] const auto written = ::write(child.report, &report, sizeof report);
  ::_exit(127);
}

/// Handlers are reset by exec, ignored signals and the mask are not: a SIGPIPE that we ignore must
/// still end `cat file | head` in a step.
void reset_signals() noexcept {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal)
    ::sigaction(signal, &plain, nullptr);  // fails for SIGKILL, SIGSTOP and glibc's own: no matter
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool place_streams(const Child& child) noexcept {
  // Via copies above 2, since the descriptors given may themselves be 0 to 2, in any order.
  std::array<int, 3> copies{};
  for (std::size_t i = 0; i < copies.size(); ++i) {
    copies[i] = ::fcntl(child.streams[i], F_DUPFD_CLOEXEC, 3);
    if (copies[i] < 0)
      return false;
  }
  for (std::size_t i = 0; i < copies.size(); ++i)
    if (::dup2(copies[i], static_cast<int>(i)) < 0)
      return false;
  return true;
}

bool close_others(const Child& child) noexcept {
  if (::close_range(3, std::numeric_limits<unsigned>::max(), CLOSE_RANGE_CLOEXEC) != 0)
    return false;
  return std::all_of(child.inherit.begin(), child.inherit.end(), [](int fd) {
    return ::fcntl(fd, F_SETFD, 0) == 0;
  });
}

/// ETXTBSY passes: another thread forked while this program was being written, and its child holds
/// the writing descriptor until it execs too.
void execute(const Child& child) noexcept {
  constexpr int kAttempts = 100;
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 10'000'000};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ::execve(child.program, child.argv, child.environment);
    if (errno != ETXTBSY)
      return;
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kPause, nullptr);
    errno = ETXTBSY;
  }
}

}  // namespace

void run_child(const Child& child) noexcept {
  if ((child.own_group && ::setpgid(0, 0) != 0) || ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
    give_up(child, ChildReport::setup, errno);
  pollfd parent{child.parent, POLLIN, 0};
  if (::poll(&parent, 1, 0) != 0)
    ::_exit(127);  // it died before the line above could take effect
  reset_signals();
  ::umask(022);
  if (!place_streams(child) || !close_others(child))
    give_up(child, ChildReport::setup, errno);
  if (child.directory != nullptr && ::chdir(child.directory) != 0)
    give_up(child, ChildReport::directory, errno);
  if (child.before_exec)
    if (const int error_number = child.before_exec(); error_number != 0)
      give_up(child, ChildReport::prepare, error_number);
  execute(child);
  give_up(child, ChildReport::exec, errno);
}

}  // namespace cullet
