// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <limits>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/pipe.hpp"
#include "cullet/base/text.hpp"

#include "c_path.hpp"
#include "child.hpp"

namespace cullet {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kGrace{2};

bool is_program(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != name.npos)
    return name;
  const char* const search = std::getenv("PATH");
  for (const auto& directory : split(search != nullptr ? search : "/usr/bin:/bin", ':')) {
    // Relative entries would find what the working directory happens to hold.
    if (!directory.starts_with('/'))
      continue;
    if (auto path = cat(directory, "/", name); is_program(path))
      return path;
  }
  throw Error(Kind::machine, cat("program '", name, "' was not found"))
      .hint(cat("install '", name, "', or add its directory to $PATH"));
}

std::vector<char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const auto& text : texts) {
    if (text.find('\0') != text.npos)
      throw Error(Kind::input, cat("an argument or variable holds a NUL byte: '", text, "'"));
    pointers.push_back(const_cast<char*>(text.c_str()));  // execve(2) changes none of them
  }
  pointers.push_back(nullptr);
  return pointers;
}

/// Blocks all signals in this thread for its lifetime, so that no handler of ours runs in the
/// child.
class BlockSignals {
 public:
  BlockSignals() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;
  BlockSignals(BlockSignals&&) = delete;
  BlockSignals& operator=(BlockSignals&&) = delete;
  ~BlockSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

Error start_error(const ProcessSpec& spec, const std::string& program, const ChildReport& report) {
  switch (report.stage) {
    case ChildReport::directory:
      return system_error(cat("cannot run ", program, " in ", spec.directory.native()),
                          report.error_number);
    case ChildReport::prepare:
      return system_error(cat("preparing ", program), report.error_number);
    case ChildReport::setup:
      return system_error(cat("cannot set up the process of ", program), report.error_number);
    case ChildReport::exec:
      break;
  }
  return system_error(cat("cannot run ", program), report.error_number);
}

/// Waits for the child's exec: nothing comes when it succeeded.
std::optional<ChildReport> read_report(int fd) {
  ChildReport report{};
  ssize_t count = 0;
  do {
    count = ::read(fd, &report, sizeof report);
  } while (count < 0 && errno == EINTR);
  return count == sizeof report ? std::optional(report) : std::nullopt;
}

/// Like pidfd_open(2), whose descriptors are close-on-exec.
Fd open_pidfd(pid_t pid) {
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

/// fork(2) into new namespaces, for which glibc has no call: what glibc's fork() does besides, for
/// locks and threads' numbers, is nothing to a child that makes async-signal-safe calls only.
pid_t fork_into(int namespaces) noexcept {
  if (namespaces == 0)
    return ::fork();
  return static_cast<pid_t>(::syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0));
}

/// Whether `process` became readable; false when `cancel` (or -1) did, or the deadline passed.
bool await(int process, int cancel, std::optional<Clock::time_point> deadline) {
  for (;;) {
    std::array<pollfd, 2> events{pollfd{process, POLLIN, 0}, pollfd{cancel, POLLIN, 0}};
    int timeout = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
      timeout = static_cast<int>(
          std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
    }
    const int ready = ::poll(events.data(), events.size(), timeout);
    if (ready < 0 && errno != EINTR)
      throw system_error("cannot wait for a process", errno);
    if (ready > 0)
      return events[0].revents != 0;
    if (ready == 0 && Clock::now() >= *deadline)
      return false;
  }
}

}  // namespace

std::string ExitStatus::str() const {
  if (signal == 0)
    return cat("exit status ", code);
  const char* const name = sigdescr_np(signal);
  return cat("killed by signal ", signal, name != nullptr ? cat(" (", name, ")") : "");
}

Process Process::start(const ProcessSpec& spec) {
  if (spec.argv.empty())
    throw Error(Kind::internal, "no program to run");
  if (std::any_of(spec.inherit.begin(), spec.inherit.end(), [](int fd) { return fd < 3; }))
    throw Error(Kind::internal, "standard streams can't be inherited under their own numbers");
  const auto program = find_program(spec.argv.front());
  const auto argv = c_strings(spec.argv);
  const auto environment = c_strings(spec.environment);
  const auto null = open_file("/dev/null", O_RDWR);
  Pipe report;
  const auto self = open_pidfd(::getpid());
  if (!self.valid())
    throw system_error("cannot watch this process", errno);
  const auto stream = [&](int fd) { return fd >= 0 ? fd : null.get(); };
  const Child child{.program = program.c_str(),
                    .argv = argv.data(),
                    .environment = environment.data(),
                    .directory = spec.directory.empty() ? nullptr : c_path(spec.directory.native()),
                    .streams = {stream(spec.in), stream(spec.out), stream(spec.err)},
                    .inherit = spec.inherit,
                    .before_exec = spec.before_exec,
                    .report = report.write.get(),
                    .parent = self.get(),
                    .own_group = spec.own_group};
  pid_t pid = -1;
  int failed = 0;
  {
    const BlockSignals blocked;
    pid = fork_into(spec.namespaces);
    failed = errno;
    if (pid == 0)
      run_child(child);
  }
  if (pid < 0 && spec.namespaces != 0 && failed != EAGAIN && failed != ENOMEM)
    throw NamespacesRefused(cat("cannot make namespaces for ", program), failed);
  if (pid < 0)
    throw system_error(cat("cannot start a process for ", program), failed);
  report.write = Fd();

  // Before the child is reaped nobody else can get its number, so this opens the right process.
  Process process(pid, open_pidfd(pid));
  if (!process.pidfd_.valid())
    throw system_error(cat("cannot watch the process of ", program), errno);
  if (const auto failure = read_report(report.read.get()))
    throw start_error(spec, program, *failure);
  return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      ended_(std::exchange(other.ended_, std::nullopt)) {}

Process::~Process() {
  if (pid_ < 0 || ended_)
    return;
  kill(SIGKILL);
  reap();
}

void Process::kill(int signal) noexcept {
  if (pid_ < 0 || ended_)
    return;
  // The child itself too, in case that it has moved to a group of its own.
  if (::kill(-pid_, signal) != 0 || ::getpgid(pid_) != pid_)
    ::kill(pid_, signal);
}

std::optional<ExitStatus> Process::reap() noexcept {
  // While the child is a zombie its number still belongs to this group. What it left behind ends
  // here: nothing may outlive the step.
  siginfo_t info{};
  int result = 0;
  do {
    result = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  } while (result != 0 && errno == EINTR);
  if (result == 0) {
    ::kill(-pid_, SIGKILL);
    do {
      result = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
    } while (result != 0 && errno == EINTR);
  }
  ended_.emplace();
  if (result != 0) {
    ended_->code = -1;  // whoever asks again must not take it for a success
    return std::nullopt;
  }
  (info.si_code == CLD_EXITED ? ended_->code : ended_->signal) = info.si_status;
  return ended_;
}

std::optional<ExitStatus> Process::wait(const Cancel& cancel,
                                        std::optional<std::chrono::milliseconds> timeout) {
  if (ended_)
    return ended_;
  if (pid_ < 0)
    throw Error(Kind::internal, "waiting for a process that was moved away");
  std::optional<Clock::time_point> deadline;
  if (timeout)
    deadline =
        Clock::now() + std::min<std::chrono::milliseconds>(*timeout, std::chrono::years(100));
  if (!await(pidfd_.get(), cancel.fd(), deadline)) {
    if (!cancel.requested())
      return std::nullopt;
    kill(SIGTERM);
    if (!await(pidfd_.get(), -1, Clock::now() + kGrace))
      kill(SIGKILL);
    reap();
    cancel.check();
  }
  const auto status = reap();
  if (!status)
    throw Error(Kind::machine, "the exit status of a process was lost")
        .hint("something in this process ignores SIGCHLD or waits for all children");
  return status;
}

}  // namespace cullet
