// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/process.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cullet/base/pipe.hpp"
#include "cullet/base/text.hpp"

#include "base/failure.hpp"

using namespace cullet;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

ProcessSpec shell(const std::string& script) {
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  spec.environment = {"PATH=/usr/bin:/bin"};
  return spec;
}
std::string output_of(const std::string& script) {
  return run_captured(shell(script), "", Cancel()).out;
}
/// Whether the process is there and not a zombie.
bool alive(pid_t pid) {
  std::ifstream stat(cat("/proc/", pid, "/stat"));
  std::string text;
  std::getline(stat, text);
  const auto end = text.rfind(')');
  return end != text.npos && text.substr(end + 2, 1) != "Z";
}
bool dies_soon(pid_t pid) {
  for (int i = 0; i < 300 && alive(pid); ++i)
    std::this_thread::sleep_for(10ms);
  return !alive(pid);
}
std::string read_eventually(const fs::path& path) {
  for (int i = 0; i < 300; ++i) {
    if (fs::exists(path))
      if (auto text = read_file(path, 1000); text.ends_with('\n'))
        return text;
    std::this_thread::sleep_for(10ms);
  }
  return {};
}
pid_t pid_from(const std::string& text) {
  return static_cast<pid_t>(parse_number(trim(text)).value_or(0));
}
int open_descriptors() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("ExitStatus: text") {
  CHECK(ExitStatus{.code = 2}.str() == "exit status 2");
  CHECK(ExitStatus{.signal = SIGKILL}.str() == "killed by signal 9 (Killed)");
  CHECK(ExitStatus{}.ok());
  CHECK_FALSE(ExitStatus{.code = 1}.ok());
  CHECK_FALSE(ExitStatus{.signal = 1}.ok());
}

TEST_CASE("Process: exit status and signal of the end, every time that it is asked") {
  auto process = Process::start(shell("exit 3"));
  for (int i = 0; i < 2; ++i) {
    const auto status = process.wait(Cancel());
    REQUIRE(status);
    CHECK(status->code == 3);
    CHECK(status->signal == 0);
  }
  process.kill(SIGKILL);
  auto killed = Process::start(shell("kill -TERM $$"));
  CHECK(killed.wait(Cancel())->signal == SIGTERM);
}

TEST_CASE("Process: looks the program up in $PATH, absolute directories only") {
  ProcessSpec spec;
  spec.argv = {"true"};
  CHECK(Process::start(spec).wait(Cancel())->ok());
  const TemporaryDirectory scratch(fs::temp_directory_path());
  replace_file(scratch.path() / "cullet-test-program", "#!/bin/sh\nexit 9\n", 0755);
  replace_file(scratch.path() / "cullet-test-data", "", 0644);
  const std::string before = std::getenv("PATH");
  const auto cwd = fs::current_path();
  fs::current_path(scratch.path());
  spec.argv = {"cullet-test-program"};
  ::setenv("PATH", (".::" + before).c_str(), 1);
  CHECK_THROWS_AS(Process::start(spec), Error);
  ::setenv("PATH", (scratch.path().native() + ":" + before).c_str(), 1);
  CHECK(Process::start(spec).wait(Cancel())->code == 9);
  spec.argv = {"cullet-test-data"};
  CHECK_THROWS_AS(Process::start(spec), Error);
  ::setenv("PATH", before.c_str(), 1);
  fs::current_path(cwd);
}

TEST_CASE("Process::start: says what could not be started and why") {
  ProcessSpec spec;
  spec.argv = {"cullet-no-such-program"};
  const auto missing = failure([&] { Process::start(spec); });
  CHECK(missing.kind() == Kind::machine);
  CHECK(missing.message() == "program 'cullet-no-such-program' was not found");
  CHECK(missing.hints().size() == 1);

  spec.argv = {"/nonexistent/program"};
  CHECK(failure([&] { Process::start(spec); }).message() ==
        "cannot run /nonexistent/program: No such file or directory");
  spec.argv = {"/etc/passwd"};
  CHECK(failure([&] { Process::start(spec); }).message() ==
        "cannot run /etc/passwd: Permission denied");
  spec.argv = {"/bin/true"};
  spec.directory = "/nonexistent";
  CHECK(failure([&] { Process::start(spec); }).message() ==
        "cannot run /bin/true in /nonexistent: No such file or directory");
  spec.directory.clear();
  spec.before_exec = [] { return EDOM; };
  CHECK(failure([&] { Process::start(spec); }).message() ==
        "preparing /bin/true: Numerical argument out of domain");
  spec.before_exec = nullptr;
  spec.inherit = {999};
  CHECK(failure([&] { Process::start(spec); }).message() ==
        "cannot set up the process of /bin/true: Bad file descriptor");
  spec.inherit = {1};
  CHECK(failure([&] { Process::start(spec); }).kind() == Kind::internal);
  spec.inherit.clear();
  spec.argv = {"/bin/true", std::string("a\0b", 3)};
  CHECK(failure([&] { Process::start(spec); }).kind() == Kind::input);
  spec.argv = {"/bin/true", std::string(10'000'000, 'x')};
  CHECK(failure([&] { Process::start(spec); }).message() ==
        "cannot run /bin/true: Argument list too long");
  spec.argv.clear();
  CHECK(failure([&] { Process::start(spec); }).kind() == Kind::internal);
}

TEST_CASE("Process: failures and successes leave no descriptor and no zombie behind") {
  const int before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    ProcessSpec bad;
    bad.argv = {"/nonexistent/program"};
    CHECK_THROWS_AS(Process::start(bad), Error);
    CHECK(output_of("echo x") == "x\n");
  }
  CHECK(open_descriptors() == before);
  CHECK((::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD));
}

TEST_CASE("Process: inherits nothing that is not named") {
  const Fd leaky(::open("/dev/null", O_RDONLY));  // NOLINT(android-cloexec-open): leaks on purpose
  REQUIRE(leaky.valid());
  ::setenv("CULLET_TEST_LEAK", "1", 1);
  const auto mask = ::umask(077);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  sigset_t old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &old);
  auto spec = shell(
      "env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= | sort; umask; ls /proc/self/fd | tr "
      "'\\n' ' ';"
      "grep -e ^SigBlk -e ^SigIgn /proc/self/status; pwd");
  spec.environment.emplace_back("A=b c");
  spec.directory = "/usr";
  const auto got = run_captured(spec, "", Cancel());
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  std::signal(SIGPIPE, before);
  ::umask(mask);
  ::unsetenv("CULLET_TEST_LEAK");
  CHECK(got.out ==
        "A=b c\nPATH=/usr/bin:/bin\n0022\n0 1 2 3 "  // 3 is the directory that ls reads
        "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n/usr\n");
  CHECK(got.err.empty());
}

TEST_CASE("Pipe: its ends are no standard streams, even where those are closed") {
  const Fd kept(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  REQUIRE(kept.valid());
  ::close(STDIN_FILENO);
  const Pipe pipe;
  ::dup2(kept.get(), STDIN_FILENO);
  CHECK(pipe.read.get() > 2);
  CHECK(pipe.write.get() > 2);
  write_all(pipe.write.get(), as_bytes("x"), "the pipe");
  char byte = 0;
  CHECK(::read(pipe.read.get(), &byte, 1) == 1);
}

TEST_CASE("Process: standard streams default to /dev/null") {
  auto process =
      Process::start(shell("[ \"$(readlink /proc/self/fd/0)\" = /dev/null ] && [ \"$(readlink "
                           "/proc/$$/fd/1)\" = /dev/null ]"
                           " && [ \"$(readlink /proc/self/fd/2)\" = /dev/null ]"));
  CHECK(process.wait(Cancel())->ok());
}

TEST_CASE("Process: keeps the descriptors that are named, under their numbers") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  const auto file = open_file(scratch.path() / "f", O_RDWR | O_CREAT);
  auto spec = shell(cat("echo hello >&", file.get()));
  if (file.get() > 9)  // dash knows one digit only
    spec = shell(cat("echo hello > /proc/self/fd/", file.get()));
  spec.inherit = {file.get()};
  CHECK(Process::start(spec).wait(Cancel())->ok());
  CHECK(read_file(scratch.path() / "f", 100) == "hello\n");
  CHECK((::fcntl(file.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("Process: standard streams may be given crosswise") {
  // In a child of its own: this rearranges the descriptors 0 to 2 of the whole process.
  const TemporaryDirectory scratch(fs::temp_directory_path());
  const auto result = (scratch.path() / "result").native();
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    int code = 1;
    try {
      const auto file = open_file(result, O_RDWR | O_CREAT | O_APPEND);
      ::close(0);
      ::dup2(file.get(), 1);
      ::close(2);
      auto spec = shell("echo out; echo err >&2");
      spec.out = spec.err = 1;
      code = Process::start(spec).wait(Cancel())->code;
      ::dup2(file.get(), 0);
      ::dup2(file.get(), 2);
      spec.in = 2;
      spec.out = 0;
      spec.err = 1;
      code += Process::start(spec).wait(Cancel())->code;
    } catch (...) {
      code = 99;
    }
    ::_exit(code);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
  CHECK(read_file(result, 100) == "out\nerr\nout\nerr\n");
}

TEST_CASE("Process::start: waits for a program that is still open for writing elsewhere") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  ProcessSpec spec;
  spec.argv = {(scratch.path() / "program").native()};
  fs::copy_file("/bin/true", spec.argv[0]);
  auto writing = open_file(spec.argv[0], O_WRONLY);
  const pid_t other = ::fork();
  REQUIRE(other >= 0);
  if (other == 0) {
    ::usleep(50'000);
    ::_exit(0);
  }
  writing = Fd();
  CHECK(Process::start(spec).wait(Cancel())->ok());
  ::waitpid(other, nullptr, 0);
}

TEST_CASE("Process: before_exec runs in the child, in its directory, last") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  auto spec = shell("[ -d made ]");
  spec.directory = scratch.path();
  spec.before_exec = [] { return ::mkdir("made", 0755) == 0 ? 0 : errno; };
  CHECK(Process::start(spec).wait(Cancel())->ok());
  CHECK(failure([&] { Process::start(spec); }).message() == "preparing /bin/sh: File exists");
}

TEST_CASE("Process::wait: gives up after the timeout, and the process goes on") {
  auto process = Process::start(shell("sleep 100"));
  CHECK_FALSE(process.wait(Cancel(), 0ms));
  CHECK_FALSE(process.wait(Cancel(), 30ms));
  CHECK(alive(process.pid()));
  process.kill(SIGINT);
  CHECK(process.wait(Cancel(), std::chrono::milliseconds::max())->signal == SIGINT);
}

TEST_CASE("Process::fd: readable when the process has ended") {
  auto process = Process::start(shell("exit 0"));
  pollfd event{process.fd(), POLLIN, 0};
  CHECK(::poll(&event, 1, 10'000) == 1);
  CHECK((::fcntl(process.fd(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("Process::wait: cancellation ends the process, politely first") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  auto spec =
      shell("trap 'echo bye > told; exit 0' TERM; echo > ready; while :; do sleep 0.02; done");
  spec.directory = scratch.path();
  auto process = Process::start(spec);
  REQUIRE(read_eventually(scratch.path() / "ready") == "\n");
  const Cancel cancel;
  std::thread other([cancel] {
    std::this_thread::sleep_for(20ms);
    cancel.request();
  });
  const auto error = failure([&] { process.wait(cancel); });
  other.join();
  CHECK(error.kind() == Kind::interrupted);
  CHECK(read_file(scratch.path() / "told", 10) == "bye\n");
  CHECK_FALSE(alive(process.pid()));
}

TEST_CASE("Process::wait: cancellation ends a process that does not listen, after two seconds") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  auto spec = shell("trap '' TERM; echo > ready; while :; do sleep 0.02; done");
  spec.directory = scratch.path();
  auto process = Process::start(spec);
  REQUIRE(read_eventually(scratch.path() / "ready") == "\n");
  const Cancel cancel;
  cancel.request();
  const auto start = std::chrono::steady_clock::now();
  CHECK(failure([&] { process.wait(cancel); }).kind() == Kind::interrupted);
  CHECK(std::chrono::steady_clock::now() - start >= 1900ms);
  CHECK_FALSE(alive(process.pid()));
}

TEST_CASE("Process: nothing of its group outlives it") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  const auto background = [&](const std::string& rest) {
    auto spec = shell("sleep 1000 & echo $! > child.tmp; mv child.tmp child; " + rest);
    spec.directory = scratch.path();
    return spec;
  };
  pid_t child = 0;
  SECTION("when it was waited for") {
    auto process = Process::start(background("exit 0"));
    CHECK(process.wait(Cancel())->ok());
    child = pid_from(read_eventually(scratch.path() / "child"));
  }
  SECTION("when it was dropped") {
    const auto process = Process::start(background("sleep 1000"));
    child = pid_from(read_eventually(scratch.path() / "child"));
    CHECK(alive(child));
  }
  REQUIRE(child > 0);
  CHECK(dies_soon(child));
}

TEST_CASE("Process: without a group of its own it stays in ours, and is killed alone") {
  auto spec = shell("exec sleep 1000");
  CHECK(::getpgid(Process::start(spec).pid()) != ::getpgrp());
  spec.own_group = false;
  pid_t pid = 0;
  {
    const auto process = Process::start(spec);
    pid = process.pid();
    CHECK(::getpgid(pid) == ::getpgrp());
  }
  CHECK_FALSE(alive(pid));
  auto killed = Process::start(spec);
  killed.kill(SIGTERM);
  CHECK(killed.wait(Cancel())->signal == SIGTERM);
}

TEST_CASE("Process::wait: a lost status is an error, never a success") {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  auto process = Process::start(shell("exit 0"));
  const auto error = failure([&] { process.wait(Cancel()); });
  std::signal(SIGCHLD, before);
  CHECK(error.kind() == Kind::machine);
  CHECK(error.hints().size() == 1);
  CHECK_FALSE(process.wait(Cancel())->ok());
}

TEST_CASE("Process: moving passes the responsibility on") {
  auto first = Process::start(shell("sleep 1000"));
  const auto pid = first.pid();
  {
    const Process second(std::move(first));
    CHECK(second.pid() == pid);
    CHECK(alive(pid));
  }
  CHECK_FALSE(alive(pid));
  first.kill(SIGKILL);  // NOLINT(bugprone-use-after-move): harmless, as promised
  CHECK(failure([&] { first.wait(Cancel()); }).kind() == Kind::internal);
}

TEST_CASE("Process: dies with its parent, even one that is killed") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  const pid_t parent = ::fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    auto spec = shell("echo $$ > pid.tmp; mv pid.tmp pid; exec sleep 1000");
    spec.directory = scratch.path();
    const auto process = Process::start(spec);
    for (;;)
      ::pause();
  }
  const auto child = pid_from(read_eventually(scratch.path() / "pid"));
  REQUIRE(child > 0);
  CHECK(alive(child));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  CHECK(dies_soon(child));
}

TEST_CASE("Process: from many threads, while others allocate") {
  std::atomic<bool> stop = false;
  std::thread allocating([&] {
    while (!stop)
      std::string(1 + static_cast<std::size_t>(std::rand()) % 5000, 'x').clear();
  });
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i)
        if (output_of(cat("echo ", t, "-", i)) == cat(t, "-", i, "\n"))
          ++good;
    });
  for (auto& thread : threads)
    thread.join();
  stop = true;
  allocating.join();
  CHECK(good == 100);
}

TEST_CASE("run_captured: passes input, collects both outputs and the status") {
  const std::string input(3'000'000, 'x');
  const auto got = run_captured(shell("cat; echo warning >&2; exit 4"), input, Cancel());
  CHECK(got.status.code == 4);
  CHECK(got.out == input);
  CHECK(got.err == "warning\n");
}

TEST_CASE("run_captured: a program that does not read its input is fine") {
  CHECK(run_captured(shell("exit 0"), std::string(1'000'000, 'x'), Cancel()).status.ok());
}

TEST_CASE("run_captured: large outputs on both streams don't block each other") {
  const auto got = run_captured(
      shell("head -c 2000000 /dev/zero >&2; head -c 2000000 /dev/zero; head -c 9 /dev/zero >&2"),
      "",
      Cancel());
  CHECK(got.out.size() == 2'000'000);
  CHECK(got.err.size() == 2'000'009);
}

TEST_CASE("run_captured: refuses output beyond the limit and kills the program") {
  CHECK(run_captured(shell("printf 12345"), "", Cancel(), 5).out == "12345");
  const auto error = failure([] { run_captured(shell("cat /dev/zero"), "", Cancel(), 100'000); });
  CHECK(error.kind() == Kind::machine);
  CHECK(error.message() == "the standard output of /bin/sh is larger than 100000 bytes");
  CHECK(failure([] { run_captured(shell("printf 123456 >&2"), "", Cancel(), 5); }).message() ==
        "the standard error of /bin/sh is larger than 5 bytes");
}

TEST_CASE("run_captured: ends with the program, even when a daemon holds the pipes open") {
  const TemporaryDirectory scratch(fs::temp_directory_path());
  auto spec = shell(
      "setsid sh -c 'echo $$; : > ready; exec sleep 60' &"
      "while [ ! -e ready ]; do sleep 0.01; done; echo done");
  spec.directory = scratch.path();
  const auto start = std::chrono::steady_clock::now();
  const auto got = run_captured(spec, "", Cancel());
  CHECK(std::chrono::steady_clock::now() - start < 30s);
  CHECK(got.out.ends_with("done\n"));
  const auto daemon = pid_from(got.out.substr(0, got.out.find('\n')));
  REQUIRE(daemon > 1);
  ::kill(daemon, SIGKILL);
}

TEST_CASE("run_captured: waits on when the outputs close early") {
  CHECK(run_captured(shell("exec >&- 2>&-; sleep 0.1; exit 5"), "", Cancel()).status.code == 5);
}

TEST_CASE("run_captured: cancellation") {
  const Cancel cancel;
  std::thread other([cancel] {
    std::this_thread::sleep_for(50ms);
    cancel.request();
  });
  CHECK(failure([&] { run_captured(shell("sleep 100"), "", cancel); }).kind() == Kind::interrupted);
  other.join();
}
