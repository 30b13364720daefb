// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

#include <malloc.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

unsigned terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // Without "fast bins", because each large block that is freed would have glibc go through all of
  // them: a tenth of the time of a large plan. The thread caches stay.
  mallopt(M_MXFAST, 0);
  cullet::cli::Environment environment{
      .variables = variables(),
      .directory = std::filesystem::current_path(),
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
  // The environment isn't destroyed: Environment::kept says why.
  std::exit(cullet::cli::run({argv + 1, argv + argc}, environment));
}
