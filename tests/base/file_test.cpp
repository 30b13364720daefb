// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/file.hpp"

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/failure.hpp"

using namespace cullet;
namespace fs = std::filesystem;

namespace {

/// A directory of the test's own, and the umask that it runs under.
class Scratch {
 public:
  explicit Scratch(mode_t mask = 022)
      : before_(::umask(mask)), directory_(fs::temp_directory_path()) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch(Scratch&&) = delete;
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() { ::umask(before_); }
  [[nodiscard]] fs::path operator/(const char* name) const { return directory_.path() / name; }
  [[nodiscard]] const fs::path& path() const { return directory_.path(); }

 private:
  mode_t before_;
  TemporaryDirectory directory_;
};

void put(const fs::path& path, std::string_view text) {
  std::ofstream(path) << text;
}
std::string get(const fs::path& path) {
  return read_file(path, 1 << 20);
}
unsigned mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}
bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}
std::vector<std::string> names_in(const fs::path& path) {
  return list_directory(open_directory(path).get(), path.native());
}

}  // namespace

TEST_CASE("Fd: owns one descriptor, closes it once") {
  auto fd = open_file("/dev/null", O_RDONLY);
  const int number = fd.get();
  CHECK((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
  Fd moved = std::move(fd);
  CHECK_FALSE(fd.valid());  // NOLINT(bugprone-use-after-move): what a moved-from one promises
  CHECK(is_open(number));
  auto& same = moved;
  moved = std::move(same);
  CHECK(is_open(number));
  moved = Fd();
  CHECK_FALSE(is_open(number));
  int released = -1;
  {
    auto other = open_file("/dev/null", O_RDONLY);
    released = other.release();
  }
  CHECK(is_open(released));
  const Fd closing(released);
}

TEST_CASE("open_file: an absent file is the input's fault, another failure the machine's") {
  const Scratch scratch;
  const auto absent = failure([&] { open_file(scratch / "x", O_RDONLY); });
  CHECK(absent.kind() == Kind::input);
  CHECK(absent.message() ==
        "cannot open " + (scratch / "x").native() + ": No such file or directory");
  put(scratch / "f", "");
  CHECK(failure([&] { open_file(scratch / "f" / "g", O_RDONLY); }).kind() == Kind::machine);
  CHECK(failure([&] { open_directory(scratch / "f"); }).kind() == Kind::machine);
  CHECK(failure([&] { open_file(std::string("/dev/null\0x", 11), O_RDONLY); }).kind() ==
        Kind::refused);
  CHECK(failure([&] { open_file(scratch / "no" / "g", O_WRONLY | O_CREAT); })
            .message()
            .starts_with("cannot create "));
}

TEST_CASE("open_beneath: stays inside the root") {
  const Scratch scratch;
  fs::create_directories(scratch / "root/sub/deep");
  put(scratch / "outside", "secret");
  put(scratch / "root/file", "inside");
  fs::create_symlink("../outside", scratch / "root/up");
  fs::create_symlink("/etc/passwd", scratch / "root/absolute");
  fs::create_symlink("/proc/self/root", scratch / "root/magic");
  fs::create_symlink("..", scratch / "root/sub/parent");
  fs::create_symlink("../file", scratch / "root/sub/link");
  fs::create_symlink("loop", scratch / "root/loop");
  fs::create_symlink("../../..", scratch / "root/sub/far");
  const auto root = open_directory(scratch / "root");
  const auto open = [&](const std::string& path, bool follow) {
    return open_beneath(root.get(), path, O_RDONLY, follow);
  };

  CHECK(open("file", false));
  CHECK(open("sub/../file", false));
  CHECK(open(".", false));
  CHECK(open("sub/link", true));
  CHECK(open("sub/parent/file", true));
  CHECK_FALSE(open("absent", false));
  CHECK_FALSE(open("absent/x", true));
  CHECK_FALSE(open("file/x", true));
  CHECK_FALSE(open("", true));
  for (const auto* path : {"../outside",
                           "..",
                           "/etc/passwd",
                           "/",
                           "up",
                           "absolute",
                           "magic",
                           "loop",
                           "sub/far/etc/passwd",
                           "sub/../../outside",
                           "sub/parent/../outside"})
    for (const bool follow : {false, true}) {
      CAPTURE(path, follow);
      CHECK(failure([&] { open(path, follow); }).kind() == Kind::refused);
    }
  CHECK(failure([&] { open("sub/link", false); }).message() ==
        "'sub/link' goes through a symbolic link");
  CHECK(failure([&] { open("up", true); }).message() == "'up' leads out of its root");
  CHECK(failure([&] { open(std::string("file\0x", 6), true); }).kind() == Kind::refused);
  CHECK(failure([&] { open_beneath(root.get(), "file", O_RDONLY | O_DIRECTORY); }).kind() ==
        Kind::machine);
  const auto made = open_beneath(root.get(), "sub/new", O_WRONLY | O_CREAT | O_EXCL);
  REQUIRE(made);
  CHECK((::fcntl(made->get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(mode_of(scratch / "root/sub/new") == 0644);
}

TEST_CASE("read_file: whole, or an error") {
  const Scratch scratch;
  const std::string text(300'000, 'x');
  put(scratch / "f", text);
  CHECK(read_file(scratch / "f", text.size()) == text);
  const auto large = failure([&] { read_file(scratch / "f", text.size() - 1); });
  CHECK(large.kind() == Kind::input);
  CHECK(large.message() == (scratch / "f").native() + " is larger than 299999 bytes");
  CHECK(failure([&] { read_file(scratch / "absent", 9); }).kind() == Kind::input);
  CHECK(failure([&] { read_file(scratch.path(), 9); }).kind() == Kind::input);
}

TEST_CASE("FdSink and FdSource: what is written comes back; failures name the file") {
  const Scratch scratch;
  {
    const auto fd = open_file(scratch / "f", O_WRONLY | O_CREAT | O_EXCL);
    FdSink sink(fd.get(), "f");
    sink.write(as_bytes("hello "));
    sink.write({});
    sink.write(as_bytes("world"));
    FdSource wrong(fd.get(), "the file");
    std::byte byte{};
    CHECK(failure([&] {
            wrong.read({&byte, 1});
          }).message() == "cannot read the file: Bad file descriptor");
  }
  const auto fd = open_file(scratch / "f", O_RDONLY);
  FdSource source(fd.get(), "f");
  CHECK(read_all(source, 100, "f") == "hello world");
  CHECK(failure([&] { write_all(fd.get(), as_bytes("x"), "the file"); }).kind() == Kind::machine);
}

TEST_CASE("write_all and FdSource: a non-blocking pipe is waited for") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const std::string text(1'000'000, 'x');
  std::thread other([&] {
    write_all(write_end.get(), as_bytes(text), "pipe");
    write_end = Fd();
  });
  FdSource source(read_end.get(), "pipe");
  CHECK(read_all(source, text.size(), "pipe") == text);
  other.join();
}

TEST_CASE("write_all: a full disk is an error of the machine with a hint") {
  const auto fd = open_file("/dev/full", O_WRONLY);
  const auto error = failure([&] { write_all(fd.get(), as_bytes("x"), "/dev/full"); });
  CHECK(error.message() == "cannot write /dev/full: No space left on device");
  CHECK(error.hints().size() == 1);
}

TEST_CASE("replace_file: content and exact mode, whatever the umask") {
  for (const mode_t mask : {0000, 0022, 0077, 0777})
    for (const auto durability : {Durability::synced, Durability::buffered}) {
      CAPTURE(mask);
      const Scratch scratch(mask);
      replace_file(scratch / "f", "one", 0644, durability);
      CHECK(get(scratch / "f") == "one");
      CHECK(mode_of(scratch / "f") == 0644);
      replace_file(scratch / "f", "two", 0755, durability);
      CHECK(get(scratch / "f") == "two");
      CHECK(mode_of(scratch / "f") == 0755);
      CHECK(names_in(scratch.path()) == std::vector<std::string>{"f"});
    }
}

TEST_CASE("replace_file: a bare name is in the working directory") {
  const Scratch scratch;
  const auto before = fs::current_path();
  fs::current_path(scratch.path());
  replace_file("bare", "x");
  fs::current_path(before);
  CHECK(get(scratch / "bare") == "x");
}

TEST_CASE("replace_file: replaces a symlink, not what it points to") {
  const Scratch scratch;
  put(scratch / "target", "kept");
  fs::create_symlink("target", scratch / "link");
  replace_file(scratch / "link", "new");
  CHECK(get(scratch / "target") == "kept");
  CHECK(fs::is_regular_file(fs::symlink_status(scratch / "link")));
}

TEST_CASE("replace_file: on failure the old content stands and nothing is left over") {
  const Scratch scratch;
  replace_file(scratch / "f", "old");
  SECTION("the write fails") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    std::optional<Error> caught;
    try {
      replace_file(scratch / "f", std::string(5000, 'x'));
    } catch (const Error& error) {
      caught = error;
    }
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, handler);
    REQUIRE(caught);
    CHECK(caught->kind() == Kind::machine);
    CHECK(caught->contexts() == std::vector<std::string>{"writing " + (scratch / "f").native()});
    CHECK(names_in(scratch.path()) == std::vector<std::string>{"f"});
  }
  SECTION("the rename fails") {
    fs::create_directory(scratch / "d");
    CHECK(failure([&] { replace_file(scratch / "d", "x"); }).kind() == Kind::machine);
    CHECK(names_in(scratch.path()) == std::vector<std::string>{"d", "f"});
  }
  SECTION("the name is none") {
    for (const auto* name : {"", "sub/", "..", "."})
      CHECK(failure([&] { replace_file(scratch.path() / name, "x"); }).kind() == Kind::input);
  }
  CHECK(get(scratch / "f") == "old");
}

TEST_CASE("sync_directory: of what is there") {
  const Scratch scratch;
  CHECK_NOTHROW(sync_directory(scratch.path()));
  CHECK(failure([&] { sync_directory(scratch / "absent"); }).kind() == Kind::input);
}

TEST_CASE("list_directory: sorted bytewise, again and again") {
  const Scratch scratch;
  for (const auto* name : {"b", "a", "B", ".x", "\xff", "a b"})
    put(scratch / name, "");
  const auto fd = open_directory(scratch.path());
  const std::vector<std::string> want = {".x", "B", "a", "a b", "b", "\xff"};
  CHECK(list_directory(fd.get(), "it") == want);
  CHECK(list_directory(fd.get(), "it") == want);
}

TEST_CASE("make_directories: mode 0755 whatever the umask; what exists is kept") {
  for (const mode_t mask : {0000, 0022, 0077, 0777}) {
    CAPTURE(mask);
    const Scratch scratch(mask);
    make_directories(scratch / "a/b/c");
    for (const auto* made : {"a", "a/b", "a/b/c"})
      CHECK(mode_of(scratch / made) == 0755);
    fs::permissions(scratch / "a", fs::perms::owner_all);
    make_directories(scratch / "a/d/");
    CHECK(mode_of(scratch / "a") == 0700);
    CHECK(mode_of(scratch / "a/d") == 0755);
    CHECK_NOTHROW(make_directories(scratch.path()));
    CHECK_NOTHROW(make_directories("/"));
    fs::create_directory_symlink("a", scratch / "link");
    CHECK_NOTHROW(make_directories(scratch / "link"));
    make_directories(scratch / "link/e");
    CHECK(mode_of(scratch / "a/e") == 0755);
  }
}

TEST_CASE("make_directories: a file in the way is an error") {
  const Scratch scratch;
  put(scratch / "f", "");
  CHECK(failure([&] { make_directories(scratch / "f"); }).kind() == Kind::machine);
  CHECK(failure([&] { make_directories(scratch / "f/g"); }).kind() == Kind::machine);
  CHECK_THROWS_AS(make_directories(""), Error);
}

TEST_CASE("TemporaryDirectory: private whatever the umask, gone at the end") {
  for (const mode_t mask : {0000, 0777}) {
    const Scratch scratch(mask);
    fs::path path;
    {
      TemporaryDirectory first(scratch.path(), "step");
      path = first.path();
      CHECK(path.filename().native().starts_with("step-"));
      CHECK(mode_of(path) == 0700);
      make_directories(path / "a/b");
      const TemporaryDirectory moved(std::move(first));
      CHECK(moved.path() == path);
    }
    CHECK_FALSE(fs::exists(path));
  }
}

TEST_CASE("TemporaryDirectory: stays when released") {
  const Scratch scratch;
  const auto path = TemporaryDirectory(scratch.path()).release();
  CHECK(fs::is_directory(path));
  CHECK(failure([&] { TemporaryDirectory(scratch / "absent"); }).kind() == Kind::machine);
}

TEST_CASE("is_there: what has the name, whatever it is") {
  const Scratch scratch;
  put(scratch / "file", "");
  fs::create_symlink("nowhere", scratch / "dangling");
  fs::create_symlink("file", scratch / "link");
  for (const auto* name : {"file", "dangling", "link", "."})
    CHECK(is_there(scratch / name));
  for (const auto* name : {"absent", "absent/file", "file/below"})
    CHECK_FALSE(is_there(scratch / name));
  CHECK(is_there(scratch / "link", true));
  CHECK_FALSE(is_there(scratch / "dangling", true));
}

TEST_CASE("is_there: what can't be told is an error") {
  const Scratch scratch;
  CHECK(failure([&] { is_there(scratch.path() / std::string(300, 'x')); }).kind() == Kind::machine);
  fs::create_directory(scratch / "closed");
  fs::permissions(scratch / "closed", fs::perms::none);
  if (::geteuid() == 0)
    CHECK_FALSE(is_there(scratch / "closed/file"));
  else
    CHECK(failure([&] { is_there(scratch / "closed/file"); }).kind() == Kind::machine);
  fs::permissions(scratch / "closed", fs::perms::owner_all);
}
