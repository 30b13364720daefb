// SPDX-License-Identifier: Apache-2.0
#include "cullet/sandbox/sandbox.hpp"

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

namespace cullet::sandbox {
namespace {

std::filesystem::path temporary() {
  const char* set = std::getenv("TMPDIR");
  return set != nullptr ? set : "/tmp";
}

/// A room whose root is this machine's own, read-only, with a writable /mnt and a source at /srv.
class Room {
 public:
  Room() : directory_(temporary(), "sandbox") {
    make_directories(directory_.path() / "out");
    make_directories(directory_.path() / "source");
    make_directories(directory_.path() / "work");
    replace_file(directory_.path() / "source" / "file", "original", 0644, Durability::buffered);
    log_ = open_file(directory_.path() / "log", O_RDWR | O_CREAT);
  }

  Spec spec(const std::string& script) {
    Spec spec;
    spec.mounts.push_back({"/", {"/"}, {}});
    spec.mounts.push_back({"/srv", {directory_.path() / "source"}, directory_.path() / "work"});
    spec.mounts.push_back({"/mnt", {}, directory_.path() / "out"});
    spec.argv = {"/bin/sh", "-e", "-c", script};
    spec.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
    spec.output = log_.get();
    return spec;
  }

  Result run(const std::string& script) { return sandbox::run(spec(script), Cancel()); }
  std::string log() { return read_file(directory_.path() / "log", 1U << 24U); }
  [[nodiscard]] std::filesystem::path path(const char* name) const {
    return directory_.path() / name;
  }

 private:
  TemporaryDirectory directory_;
  Fd log_;
};

TEST_CASE("sandbox: a command's exit status and output come back", "[sandbox]") {
  Room room;
  const auto result = room.run("echo out; echo err >&2; exit 7");
  CHECK(result.outcome == Outcome::exited);
  CHECK(result.status.code == 7);
  CHECK(room.log() == "out\nerr\n");
}

TEST_CASE("sandbox: a command that is not there ends with 127, as in a shell", "[sandbox]") {
  Room room;
  auto spec = room.spec("");
  spec.argv = {"/no/such/program"};
  CHECK(sandbox::run(spec, Cancel()).status.code == 127);
  CHECK(room.log().find("/no/such/program") != std::string::npos);
}

TEST_CASE("sandbox: a death by signal is told apart from an exit", "[sandbox]") {
  Room room;
  CHECK(room.run("kill -SEGV $$").status.signal == SIGSEGV);
}

TEST_CASE("sandbox: user, hostname, directory and environment are fixed", "[sandbox]") {
  Room room;
  auto spec = room.spec("id -u; id -g; hostname; pwd; env | sort");
  spec.directory = "/srv";
  spec.environment["A"] = "b";
  CHECK(sandbox::run(spec, Cancel()).status.ok());
  CHECK(room.log() ==
        "1000\n1000\ncullet\n/srv\nA=b\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/srv\n");
}

TEST_CASE("sandbox: writes reach the upper directory and $OUT, never the trees", "[sandbox]") {
  Room room;
  CHECK(room.run("echo changed > /srv/file; echo made > /mnt/new; rm /srv/file; echo x > /srv/y")
            .status.ok());
  CHECK(read_file(room.path("source") / "file", 100) == "original");
  CHECK(read_file(room.path("out") / "new", 100) == "made\n");
  SECTION("and the next run sees what the one before left") {
    CHECK(room.run("test ! -e /srv/file; test -e /srv/y").status.ok());
  }
}

TEST_CASE("sandbox: the root is read-only", "[sandbox]") {
  Room room;
  CHECK_FALSE(room.run("touch /usr/intruder").status.ok());
  CHECK(room.log().find("Read-only file system") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists("/usr/intruder"));
}

TEST_CASE("sandbox: there is no network but an empty loopback", "[sandbox]") {
  Room room;
  CHECK(room.run("test \"$(ls /sys/class/net 2>/dev/null | wc -l)\" -ge 0; "
                 "awk 'NR>2{print $1}' /proc/net/dev")
            .status.ok());
  CHECK(room.log() == "lo:\n");
}

TEST_CASE("sandbox: a host's abstract socket can't be reached", "[sandbox]") {
  const Fd server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = cat("cullet-test-", getpid());
  name.copy(address.sun_path + 1, sizeof address.sun_path - 2);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  REQUIRE(bind(server.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(listen(server.get(), 1) == 0);
  Room room;
  const auto script =
      cat("python3 -c \"import socket; socket.socket(socket.AF_UNIX).connect('\\0", name, "')\"");
  CHECK_FALSE(room.run(script).status.ok());
  CHECK(room.log().find("Connection refused") != std::string::npos);
}

TEST_CASE("sandbox: no host process is visible", "[sandbox]") {
  Room room;
  CHECK(room.run("for p in /proc/[0-9]*; do basename $p; done | sort -n | tail -1").status.ok());
  CHECK(std::stoi(room.log()) < 50);
}

TEST_CASE("sandbox: every namespace is one of its own", "[sandbox]") {
  Room room;
  const std::vector<std::string> names{"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};
  std::string script;
  for (const auto& name : names)
    script += cat("readlink /proc/self/ns/", name, "\n");
  CHECK(room.run(script).status.ok());
  const auto inside = split(room.log(), '\n');
  REQUIRE(inside.size() == names.size() + 1);
  for (std::size_t index = 0; index < names.size(); ++index) {
    const auto outside = std::filesystem::read_symlink("/proc/self/ns/" + names[index]).string();
    CHECK(inside[index].starts_with(names[index] + ":["));
    CHECK(inside[index] != outside);
  }
}

TEST_CASE("sandbox: a session of its own without a terminal, and no core dumps", "[sandbox]") {
  // A core goes where the host's core_pattern says, which may be a program of the host.
  Room room;
  CHECK(room.run("cut -d ' ' -f 6-7 /proc/self/stat; ulimit -Hc").status.ok());
  const auto lines = split(room.log(), '\n');
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] != "0 0");  // a session that is not of the sandbox has no number there
  CHECK(lines[0].ends_with(" 0"));
  CHECK(lines[1] == "0");
}

TEST_CASE("sandbox: no capability and no new privileges", "[sandbox]") {
  Room room;
  CHECK(room.run("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status").status.ok());
  CHECK(room.log() ==
        "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
        "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
}

TEST_CASE("sandbox: the kernel's switches and the devices' modes are out of reach", "[sandbox]") {
  // Of the machine's root user they would belong to the step, without any capability.
  Room room;
  CHECK(room.run("for file in $(find /proc/sys /proc/irq /proc/bus /proc/mtrr -type f 2>&-); do\n"
                 "  if (: >> $file) 2>&-; then echo $file; fi\n"
                 "done\n"
                 "for device in /dev/null /dev/zero /dev/tty; do\n"
                 "  if chmod 666 $device 2>&- || touch $device 2>&-; then echo $device; fi\n"
                 "done\n"
                 "echo written > /dev/null; head -c 1 /dev/zero | wc -c")
            .status.ok());
  CHECK(room.log() == "1\n");
}

TEST_CASE("sandbox: no descriptor of ours is open inside", "[sandbox]") {
  Room room;
  const Fd secret = open_file("/etc/hostname", O_RDONLY);
  CHECK(room.run("ls /proc/self/fd | tr '\\n' ' '").status.ok());
  CHECK(room.log() == "0 1 2 3 ");  // 3 is ls's own
}

TEST_CASE("sandbox: a process left behind ends with the run", "[sandbox]") {
  Room room;
  CHECK(room.run("setsid sh -c 'sleep 300; touch /mnt/late' >/dev/null 2>&1 &").status.ok());
  CHECK_FALSE(std::filesystem::exists(room.path("out") / "late"));
  const auto script = "pgrep -f 'sleep 300; touch /mnt/lat[e]' >/dev/null";
  CHECK(std::system(script) != 0);
}

TEST_CASE("sandbox: a command that hangs is ended at its timeout", "[sandbox]") {
  Room room;
  auto spec = room.spec("sleep 600");
  spec.limits.seconds = 1;
  CHECK(sandbox::run(spec, Cancel()).outcome == Outcome::timed_out);
}

TEST_CASE("sandbox: so is one that has closed its output", "[sandbox]") {
  Room room;
  auto spec = room.spec("exec </dev/null >/dev/null 2>&1; setsid sleep 600");
  spec.limits.seconds = 1;
  CHECK(sandbox::run(spec, Cancel()).outcome == Outcome::timed_out);
}

TEST_CASE("sandbox: endless output is cut at its limit", "[sandbox]") {
  Room room;
  auto spec = room.spec("yes");
  spec.limits.output_bytes = 1U << 20U;
  CHECK(sandbox::run(spec, Cancel()).outcome == Outcome::output_limit);
  CHECK(room.log().size() == 1U << 20U);
}

TEST_CASE("sandbox: a file can't grow beyond its limit", "[sandbox]") {
  Room room;
  auto spec = room.spec("head -c 2M /dev/zero > /mnt/big");
  spec.limits.file_bytes = 1U << 20U;
  CHECK(sandbox::run(spec, Cancel()).str(spec.limits) == "it wrote a file larger than 1.0 MiB");
  CHECK(std::filesystem::file_size(room.path("out") / "big") == 1U << 20U);
}

TEST_CASE("sandbox: a fork bomb meets the limit of processes, whoever runs it", "[sandbox]") {
  Room room;
  auto spec = room.spec("for i in $(seq 60); do sleep 600 & done; wait");
  spec.limits.processes = 20;
  const auto result = sandbox::run(spec, Cancel());
  CHECK_FALSE(result.ok());
  // The kernel counts no processes of the machine's root user: cullet ends the run.
  if (geteuid() == 0 && result.outcome == Outcome::process_limit)
    CHECK(result.str(spec.limits) == "it ran more than 20 processes at once");
  else
    CHECK(room.log().find("fork") != std::string::npos);
}

TEST_CASE("sandbox: threads count as processes do", "[sandbox]") {
  Room room;
  auto spec = room.spec("");
  spec.argv = {"/usr/bin/python3",
               "-c",
               "import threading, time\n"
               "for i in range(60): threading.Thread(target=time.sleep, args=(600,)).start()"};
  spec.limits.processes = 20;
  spec.limits.seconds = 60;
  const auto result = sandbox::run(spec, Cancel());
  if (result.outcome != Outcome::process_limit)
    CHECK(room.log().find("can't start new thread") != std::string::npos);
}

TEST_CASE("sandbox: cancelling ends the command and is an interruption", "[sandbox]") {
  Room room;
  const Cancel cancel;
  std::atomic<bool> ended = false;
  std::thread later([&] {
    // As soon as the command runs.
    while (!ended && !std::filesystem::exists(room.path("out") / "started"))
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    cancel.request();
  });
  auto spec = room.spec("touch /mnt/started; sleep 600");
  spec.interactive = GENERATE(false, true);
  try {
    sandbox::run(spec, cancel);
    FAIL("it was not interrupted");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::interrupted);
  }
  ended = true;
  later.join();
}

TEST_CASE("sandbox: that bwrap was killed is told apart from what the command does", "[sandbox]") {
  Room room;
  const auto children = cat("/proc/self/task/", gettid(), "/children");
  std::atomic<bool> ended = false;
  std::thread later([&] {
    while (!ended && !std::filesystem::exists(room.path("out") / "started"))
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (!ended)
      kill(std::stoi(read_file(children, 100)), SIGKILL);
  });
  auto spec = room.spec("echo compiling; touch /mnt/started; exec sleep 60");
  const auto result = sandbox::run(spec, Cancel());
  ended = true;
  later.join();
  CHECK(result.outcome == Outcome::killed);
  CHECK_FALSE(result.ok());
  CHECK(result.str(spec.limits) == "bwrap was killed by signal 9 (Killed) while the step ran");
  CHECK(room.log() == "compiling\n");
}

TEST_CASE("sandbox: trees lie over each other, the first on top", "[sandbox]") {
  Room room;
  make_directories(room.path("top"));
  replace_file(room.path("top") / "file", "top", 0644, Durability::buffered);
  auto spec = room.spec("cat /srv/file");
  spec.mounts[1] = {"/srv", {room.path("top"), room.path("source")}, {}};
  CHECK(sandbox::run(spec, Cancel()).status.ok());
  CHECK(room.log() == "top");
  SECTION("and are read-only without an upper directory") {
    auto write = spec;
    write.argv = {"/bin/sh", "-c", "echo x > /srv/file"};
    CHECK_FALSE(sandbox::run(write, Cancel()).status.ok());
    CHECK(read_file(room.path("source") / "file", 100) == "original");
  }
}

TEST_CASE("sandbox: paths with colons, commas and spaces can be trees", "[sandbox]") {
  Room room;
  const auto odd = room.path("a:b,c d\\e");
  make_directories(odd);
  replace_file(odd / "file", "odd", 0644, Durability::buffered);
  auto spec = room.spec("cat /srv/file");
  spec.mounts[1] = {"/srv", {odd, room.path("source")}, room.path("work")};
  CHECK(sandbox::run(spec, Cancel()).status.ok());
  CHECK(room.log() == "odd");
}

TEST_CASE("sandbox: a tree that is gone names the mount", "[sandbox]") {
  Room room;
  auto spec = room.spec("true");
  spec.mounts[1] = {"/srv", {room.path("absent")}, {}};
  try {
    sandbox::run(spec, Cancel());
    FAIL("it ran");
  } catch (const Error& error) {
    CHECK(error.message().find("cannot open a tree for /srv") != std::string::npos);
  }
}

}  // namespace
}  // namespace cullet::sandbox
