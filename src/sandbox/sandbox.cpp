// SPDX-License-Identifier: Apache-2.0
#include "cullet/sandbox/sandbox.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/json.hpp"
#include "cullet/base/pipe.hpp"
#include "cullet/base/text.hpp"
#include "cullet/sandbox/seccomp.hpp"

#include "arguments.hpp"
#include "census.hpp"
#include "diagnosis.hpp"

namespace cullet::sandbox {

namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::int64_t kCensusMilliseconds = 100;

Fd seccomp_file() {
  static const std::string program = seccomp_program();
  Fd file(memfd_create("seccomp", MFD_CLOEXEC));
  if (!file.valid())
    throw system_error("cannot hand over the seccomp filter", errno);
  write_all(file.get(), as_bytes(program), "the seccomp filter");
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// Passes what the sandbox prints on to a descriptor, up to a limit.
class Output {
 public:
  Output(int to, std::uint64_t limit) : to_(to), left_(limit) {}
  [[nodiscard]] int fd() const { return pipe_.read.get(); }
  [[nodiscard]] int writer() const { return pipe_.write.get(); }
  void close_writer() { pipe_.write = Fd(); }
  [[nodiscard]] bool over_limit() const { return over_; }
  /// The first of what came: bwrap's own complaint, where the command never ran.
  [[nodiscard]] const std::string& beginning() const { return beginning_; }

  /// Reads once; false at the end.
  bool pump() {
    const auto got = read(pipe_.read.get(), buffer_.data(), buffer_.size());
    if (got < 0)
      return errno == EINTR || errno == EAGAIN;
    if (got == 0)
      return false;
    const auto size = std::min(left_, static_cast<std::uint64_t>(got));
    const Bytes bytes(buffer_.data(), static_cast<std::size_t>(size));
    if (to_ >= 0)
      write_all(to_, bytes, "the log");
    if (beginning_.size() < 2000)
      beginning_.append(as_text(bytes).substr(0, 2000));
    left_ -= size;
    over_ = over_ || size < static_cast<std::uint64_t>(got);
    return true;
  }

 private:
  Pipe pipe_;
  int to_;
  std::uint64_t left_;
  bool over_ = false;
  std::string beginning_;
  std::array<std::byte, 64U << 10U> buffer_{};
};

/// What bwrap says of itself (--json-status-fd): lines of JSON, the last how the command ended.
class Report {
 public:
  [[nodiscard]] int writer() const { return pipe_.write.get(); }
  void close_writer() { pipe_.write = Fd(); }

  /// The command's exit code; nullopt when it never ran.
  std::optional<int> exit_code() {
    while (read_some()) {
    }
    return number("\"exit-code\": ");
  }

 private:
  bool read_some() {
    std::array<char, 4096> buffer{};
    const auto got = read(pipe_.read.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
      return true;
    if (got <= 0)
      return false;
    text_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }

  [[nodiscard]] std::optional<int> number(std::string_view field) const {
    const auto at = text_.rfind(field);
    if (at == std::string::npos)
      return std::nullopt;
    return std::atoi(text_.c_str() + at + field.size());
  }

  Pipe pipe_;
  std::string text_;
};

/// bwrap passes the death by a signal on as 128 + its number, as a shell does.
ExitStatus status_of(int code) {
  constexpr int kSignalled = 128;
  return code > kSignalled && code < kSignalled + 65 ? ExitStatus{0, code - kSignalled}
                                                     : ExitStatus{code, 0};
}

class Run {
 public:
  Run(const Spec& spec, const Cancel& cancel)
      : spec_(spec),
        cancel_(cancel),
        stage_(spec.mounts, spec.limits),
        seccomp_(seccomp_file()),
        output_(spec.output, spec.limits.output_bytes) {}

  Result finish() {
    auto process = start();
    report_.close_writer();
    output_.close_writer();
    if (geteuid() == 0)
      census_.emplace(process.pid());
    Result result;
    if (spec_.interactive)
      wait(process);
    else
      result.outcome = watch(process);
    const auto code = report_.exit_code();
    if (code) {
      result.status = status_of(*code);
    } else if (output_.beginning().rfind("bwrap: execvp ", 0) == 0) {
      // The room stood; the command is not in it. As a shell says it.
      result.status.code = 127;
    } else if (result.outcome == Outcome::exited) {
      cancel_.check();  // Ctrl-C reaches bwrap as well
      if (!ended_ || ended_->signal == 0)
        throw bwrap_error(output_.beginning());
      result = {Outcome::killed, *ended_};
    }
    return result;
  }

 private:
  Process start() {
    ProcessSpec process;
    process.argv = bwrap_arguments(spec_, seccomp_.get(), report_.writer());
    process.inherit = {seccomp_.get(), report_.writer()};
    if (spec_.interactive) {
      process.in = STDIN_FILENO;
      process.out = STDOUT_FILENO;
      process.err = STDERR_FILENO;
      process.own_group = false;
    } else {
      process.out = output_.writer();
      process.err = output_.writer();
    }
    process.namespaces = Stage::kNamespaces;
    process.before_exec = [this] { return stage_.prepare(); };
    try {
      return Process::start(process);
    } catch (const NamespacesRefused& refused) {
      throw stage_error({Stage::Part::user_namespace, 0, refused.error_number}, spec_);
    } catch (Error& failure) {
      const auto at = stage_.failed_at();
      if (at.part != Stage::Part::none)
        throw stage_error(at, spec_);
      failure.hint("bubblewrap is needed: apt-get install bubblewrap");
      throw;
    }
  }

  /// Until the output ends (nobody is left who could write), the time is up or too much came.
  Outcome watch(Process& process) {
    const auto deadline = SteadyClock::now() + std::chrono::seconds(spec_.limits.seconds);
    bool open = true;
    while (open) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
      if (left.count() <= 0)
        return stop(process, Outcome::timed_out);
      std::array<pollfd, 3> waits{pollfd{output_.fd(), POLLIN, 0},
                                  pollfd{cancel_.fd(), POLLIN, 0},
                                  pollfd{process.fd(), POLLIN, 0}};
      const auto wait =
          std::min<std::int64_t>(left.count() + 1, census_ ? kCensusMilliseconds : 60'000);
      poll(waits.data(), waits.size(), static_cast<int>(wait));
      if (waits[1].revents != 0)
        interrupt(process);
      if (waits[0].revents != 0)
        open = output_.pump();
      else if (waits[2].revents != 0)
        open = false;
      if (output_.over_limit())
        return stop(process, Outcome::output_limit);
      if (too_many())
        return stop(process, Outcome::process_limit);
    }
    wait(process);
    return Outcome::exited;
  }

  void wait(Process& process) {
    std::array<pollfd, 2> waits{pollfd{process.fd(), POLLIN, 0}, pollfd{cancel_.fd(), POLLIN, 0}};
    while (poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
    }
    if (waits[0].revents == 0)
      interrupt(process);
    ended_ = process.wait(Cancel());
  }

  [[noreturn]] void interrupt(Process& process) {
    stop(process, Outcome::exited);
    throw Error(Kind::interrupted, "interrupted");
  }

  /// Looks at the processes, where that is due.
  bool too_many() {
    const auto now = SteadyClock::now();
    if (!census_ || now < next_census_)
      return false;
    next_census_ = now + std::chrono::milliseconds(kCensusMilliseconds);
    return census_->above(spec_.limits.processes);
  }

  /// Ends bwrap, and with it everything in its pid namespace.
  Outcome stop(Process& process, Outcome outcome) {
    process.kill(SIGKILL);
    process.wait(Cancel());
    return outcome;
  }

  const Spec& spec_;
  const Cancel& cancel_;
  Stage stage_;
  Fd seccomp_;
  Report report_;
  std::optional<Census> census_;
  SteadyClock::time_point next_census_;
  std::optional<ExitStatus> ended_;  ///< how bwrap ended, where it was not stopped
  Output output_;
};

}  // namespace

std::string Result::str(const Limits& limits) const {
  // A shell passes a death by a signal on as 128 + its number.
  const bool too_large = status.signal == SIGXFSZ || status.code == 128 + SIGXFSZ;
  switch (outcome) {
    case Outcome::timed_out:
      return cat("still running after its timeout of ", limits.seconds, " s");
    case Outcome::output_limit:
      return cat("it printed more than ", human_size(limits.output_bytes));
    case Outcome::process_limit:
      return cat("it ran more than ", limits.processes, " processes at once");
    case Outcome::killed:
      return cat("bwrap was ", status.str(), " while the step ran");
    case Outcome::exited:
      break;
  }
  return too_large ? cat("it wrote a file larger than ", human_size(limits.file_bytes))
                   : status.str();
}

Result run(const Spec& spec, const Cancel& cancel) {
  cancel.check();
  return Run(spec, cancel).finish();
}

}  // namespace cullet::sandbox
