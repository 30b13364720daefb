// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

#include <malloc.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/cli/cli.hpp"

namespace {

const cullet::Cancel* g_cancel = nullptr;  // NOLINT: a signal handler has no other way in

/// The first signal asks everything to stop; a second one ends the process at once.
void on_signal(int signal) {
  g_cancel->request();
  std::signal(signal, SIG_DFL);
}

std::map<std::string, std::string> variables() {
  std::map<std::string, std::string> out;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string text(*at);
    if (const auto equals = text.find('='); equals != std::string::npos)
      out[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return out;
}

/// Empty where there is none: somebody may have removed it.
std::filesystem::path current_directory() {
  std::error_code none;
  return std::filesystem::current_path(none);
}

unsigned terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// Whether the reader of standard output has gone, as `head` does: it has what it wanted.
bool reader_is_gone() {
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

/// The exit status, where what was printed is not all written (a full disk).
int checked(int status) {
  std::cout.flush();
  if (std::cout || reader_is_gone())
    return status;
  const cullet::Error error(cullet::Kind::machine, "cannot write everything to standard output");
  std::cerr << error.render() << std::flush;
  return status == 0 ? cullet::exit_status(error.kind()) : status;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit is an error like others
  // Without "fast bins", because each large block that is freed would have glibc go through all of
  // them: a tenth of the time of a large plan. The thread caches stay.
  mallopt(M_MXFAST, 0);
  cullet::cli::Environment environment{
      .variables = variables(),
      .directory = current_directory(),
      .out = std::cout,
      .err = std::cerr,
      .err_is_terminal = isatty(STDERR_FILENO) == 1,
      .terminal_columns = terminal_columns(),
      .processors = std::max(1U, std::thread::hardware_concurrency()),
      .now = [] { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); },
      .cancel = {},
      .kept = {}};
  g_cancel = &environment.cancel;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  if (std::signal(SIGHUP, on_signal) == SIG_IGN)  // nohup(1)
    std::signal(SIGHUP, SIG_IGN);
  // The environment isn't destroyed: Environment::kept says why.
  std::exit(checked(cullet::cli::run({argv + 1, argv + argc}, environment)));
}
