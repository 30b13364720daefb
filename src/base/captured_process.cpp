// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/pipe.hpp"
#include "cullet/base/process.hpp"

namespace cullet {

namespace {

/// The reading end of one output of the child.
class Collector {
 public:
  Collector(std::string name, std::uint64_t limit) : name_(std::move(name)), limit_(limit) {
    if (::fcntl(pipe_.read.get(), F_SETFL, O_NONBLOCK) != 0)
      throw system_error("cannot make a pipe", errno);
  }

  [[nodiscard]] int fd() const noexcept { return pipe_.read.get(); }  ///< -1 after the end
  [[nodiscard]] int write_end() const noexcept { return pipe_.write.get(); }
  void close_write_end() { pipe_.write = Fd(); }
  std::string take() { return std::move(text_); }

  /// Takes what is there now; false when that was nothing, or the end.
  bool read() {
    if (!pipe_.read.valid())
      return false;
    const auto count = ::read(pipe_.read.get(), buffer_.data(), buffer_.size());
    if (count < 0) {
      if (errno == EINTR)
        return true;
      if (errno == EAGAIN)
        return false;
      throw system_error(cat("cannot read ", name_), errno);
    }
    if (count == 0) {
      pipe_.read = Fd();
      return false;
    }
    const auto size = static_cast<std::size_t>(count);
    if (size > limit_ - text_.size())
      throw Error(Kind::machine, cat(name_, " is larger than ", limit_, " bytes"));
    text_.append(buffer_.data(), size);
    return true;
  }

 private:
  std::string name_;
  std::uint64_t limit_;
  Pipe pipe_;
  std::string text_;
  std::vector<char> buffer_ = std::vector<char>(64U << 10U);
};

/// A file in memory instead of a pipe: nothing to feed while reading, and no SIGPIPE when the
/// program stops reading early.
Fd input_file(std::string_view input) {
  Fd fd(::memfd_create("cullet-input", MFD_CLOEXEC));
  if (!fd.valid())
    throw system_error("cannot create a file in memory", errno);
  write_all(fd.get(), as_bytes(input), "a file in memory");
  if (::lseek(fd.get(), 0, SEEK_SET) != 0)
    throw system_error("cannot rewind a file in memory", errno);
  return fd;
}

}  // namespace

Captured run_captured(ProcessSpec spec,
                      std::string_view input,
                      const Cancel& cancel,
                      std::uint64_t limit) {
  const auto program = spec.argv.empty() ? std::string() : spec.argv.front();
  const auto in = input_file(input);
  Collector out(cat("the standard output of ", program), limit);
  Collector err(cat("the standard error of ", program), limit);
  spec.in = in.get();
  spec.out = out.write_end();
  spec.err = err.write_end();
  auto process = Process::start(spec);
  out.close_write_end();
  err.close_write_end();

  while (out.fd() >= 0 || err.fd() >= 0) {
    std::array<pollfd, 4> events{pollfd{out.fd(), POLLIN, 0},
                                 pollfd{err.fd(), POLLIN, 0},
                                 pollfd{process.fd(), POLLIN, 0},
                                 pollfd{cancel.fd(), POLLIN, 0}};
    if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR)
      throw system_error(cat("cannot wait for ", program), errno);
    out.read();
    err.read();
    // The end of the program counts, not the end of the pipes: a daemon that it left behind may
    // hold them open for ever.
    if (events[2].revents != 0 || events[3].revents != 0)
      break;
  }
  const auto status = process.wait(cancel);
  for (auto* const output : {&out, &err})
    while (output->read()) {
    }
  return {.status = *status, .out = out.take(), .err = err.take()};
}

}  // namespace cullet
