// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

#include "awaited_source.hpp"
#include "session.hpp"

namespace cullet::cli {

namespace {

constexpr std::size_t kMaxPassphrase = 1024;

std::string first_line(AwaitedSource input) {
  std::string text;
  std::byte byte{};
  // Byte by byte: what follows the line belongs to whoever reads the descriptor next.
  while (text.size() < kMaxPassphrase && input.read({&byte, 1}) == 1 && byte != std::byte{'\n'})
    text.push_back(static_cast<char>(byte));
  return text;
}

/// Turns the terminal's echo off for its lifetime, and ends the line that nobody saw.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd) {
    tcgetattr(fd_, &saved_);
    auto quiet = saved_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(fd_, TCSAFLUSH, &quiet);
  }
  ~NoEcho() {
    tcsetattr(fd_, TCSAFLUSH, &saved_);
    [[maybe_unused]] const auto written = write(fd_, "\n", 1);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  NoEcho(NoEcho&&) = delete;
  NoEcho& operator=(NoEcho&&) = delete;

 private:
  int fd_;
  termios saved_{};
};

std::string ask(int terminal, const std::string& prompt, const Cancel& cancel) {
  write_all(terminal, as_bytes(prompt + ": "), "the terminal");
  const NoEcho quiet(terminal);
  return first_line({terminal, "the passphrase from the terminal", cancel});
}

}  // namespace

bool Session::passphrase_given() const {
  return passphrase_fd >= 0 || environment_.variables.contains("CULLET_PASSPHRASE");
}

std::string Session::passphrase(const std::string& what, bool confirm) {
  if (passphrase_fd >= 0) {
    if (!given_passphrase_)
      given_passphrase_ = first_line(
          {passphrase_fd, cat("the passphrase from descriptor ", passphrase_fd), cancel()});
    return *given_passphrase_;
  }
  if (const auto set = environment_.variables.find("CULLET_PASSPHRASE");
      set != environment_.variables.end())
    return set->second;
  const Fd terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.valid())
    throw Error(Kind::input, cat("no ", what, ": there is no terminal to ask on"))
        .hint("set CULLET_PASSPHRASE, or give --passphrase-fd N");
  auto text = ask(terminal.get(), what, cancel());
  if (confirm && ask(terminal.get(), "again", cancel()) != text)
    throw Error(Kind::input, "the two passphrases differ").hint("nothing was written: try again");
  return text;
}

}  // namespace cullet::cli
