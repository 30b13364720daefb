// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/text.hpp"

// libgit2 1.5 itself leaks a pattern when it refuses a repository for its extensions (SHA-256).
extern "C" const char* __lsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpcre2-8.so\n";
}

namespace cullet::source::test {
namespace {

namespace fs = std::filesystem;

const char* const kPython =
    "/usr/bin/python3";  // what a version manager offers may be root's alone

fs::path scratch() {
  const char* named = std::getenv("TMPDIR");
  return named != nullptr ? named : "/tmp";
}

std::vector<std::string> git_environment(int day) {
  const auto* search = std::getenv("PATH");
  const auto when = cat(1'600'000'000 + day * 86'400, " +0000");
  return {cat("PATH=", search != nullptr ? search : "/usr/bin:/bin"),
          "HOME=/nonexistent",
          "GIT_CONFIG_NOSYSTEM=1",
          "GIT_CONFIG_COUNT=3",
          "GIT_CONFIG_KEY_0=safe.directory",
          "GIT_CONFIG_VALUE_0=*",
          "GIT_CONFIG_KEY_1=protocol.file.allow",
          "GIT_CONFIG_VALUE_1=always",
          "GIT_CONFIG_KEY_2=init.defaultBranch",
          "GIT_CONFIG_VALUE_2=main",
          "GIT_AUTHOR_NAME=A",
          "GIT_AUTHOR_EMAIL=a@example.com",
          "GIT_COMMITTER_NAME=C",
          "GIT_COMMITTER_EMAIL=c@example.com",
          cat("GIT_AUTHOR_DATE=", when),
          cat("GIT_COMMITTER_DATE=", when)};
}

std::string run_in(std::vector<std::string> argv,
                   const fs::path& directory,
                   std::string_view input,
                   int day) {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.directory = directory;
  spec.environment = git_environment(day);
  const auto shown = join(spec.argv, " ");
  const Cancel cancel;
  auto result = run_captured(std::move(spec), input, cancel);
  INFO(shown << "\n" << result.err);
  REQUIRE(result.status.ok());
  if (result.out.ends_with('\n'))
    result.out.pop_back();
  return result.out;
}

}  // namespace

std::string run(std::vector<std::string> argv, const fs::path& directory, std::string_view input) {
  return run_in(std::move(argv), directory, input, 0);
}

GitRepo::GitRepo(fs::path path, std::vector<std::string> options) : path_(std::move(path)) {
  make_directories(path_);
  options.insert(options.begin(), {"init", "-q"});
  git(std::move(options));
}

std::string GitRepo::git(std::vector<std::string> arguments, std::string_view input) const {
  arguments.insert(arguments.begin(), "git");
  return run_in(std::move(arguments), path_, input, commits_);
}

void GitRepo::write(const std::string& name, std::string_view content) const {
  spew(path_ / name, content);
}

std::string GitRepo::commit(const std::string& message) {
  ++commits_;
  git({"add", "-A"});
  git({"commit", "-q", "--allow-empty", "-m", message});
  return git({"rev-parse", "HEAD"});
}

GitServer::GitServer(const fs::path& root,
                     const std::string& login,
                     const std::vector<std::string>& certificate_and_key) {
  std::array<int, 2> in{}, out{};
  REQUIRE(::pipe2(in.data(), O_CLOEXEC) == 0);
  REQUIRE(::pipe2(out.data(), O_CLOEXEC) == 0);
  const Fd theirs_in(in[0]), theirs_out(out[1]);
  input_ = Fd(in[1]);
  output_ = Fd(out[0]);
  ProcessSpec spec;
  spec.argv = {kPython, CULLET_SOURCE_DIR "/tests/support/git_http.py", root.string(), login};
  spec.argv.insert(spec.argv.end(), certificate_and_key.begin(), certificate_and_key.end());
  spec.environment = git_environment(0);
  spec.in = theirs_in.get();
  spec.out = theirs_out.get();
  spec.err = 2;
  process_ = std::make_unique<Process>(Process::start(spec));
  port_ = next_event();
  REQUIRE(parse_number(port_));
}

std::string GitServer::url(const std::string& path) const {
  return cat("http://", authority(), "/", path);
}

std::string GitServer::next_event() {
  for (;;) {
    if (const auto end = buffered_.find('\n'); end != std::string::npos) {
      auto line = buffered_.substr(0, end);
      buffered_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> bytes{};
    const auto got = ::read(output_.get(), bytes.data(), bytes.size());
    if (got <= 0)
      return "";
    buffered_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

std::vector<std::string> GitServer::requests() {
  // A request of our own marks the end of what was said before.
  const Cancel cancel;
  http::Client client({}, cancel);
  http::Request mark;
  mark.url = url("html/mark");
  static_cast<void>(client.send(mark));
  std::vector<std::string> lines;
  for (auto line = next_event(); line.find("html/mark") == line.npos; line = next_event())
    if (line.starts_with("request "))
      lines.push_back(line.substr(8));
  return lines;
}

Fixture::Fixture() : directory_(scratch()), store(directory_.path() / "store", {}) {
  fs::create_directories(path("ws/forks"));
  fs::create_directories(path("home"));
  options.attempts = 1;
  http = std::make_unique<http::Client>(options, cancel);
  const auto* search = std::getenv("PATH");
  environment = {{"HOME", path("home").string()},
                 {"PATH", search != nullptr ? search : "/usr/bin:/bin"},
                 {"GIT_CONFIG_NOSYSTEM", "1"}};
}

Context Fixture::context() const {
  // The store is changed through the Context, never the Fixture.
  return {.store = const_cast<store::Store&>(store),
          .http = *http,
          .cancel = cancel,
          .workspace = path("ws"),
          .mirrors = {},
          .threads = 2,
          .progress = progress,
          .environment = environment};
}

workspace::Fork Fixture::fork(const std::string& url, const std::string& commit) {
  workspace::Fork fork;
  fork.name = "demo";
  fork.url = url;
  fork.commit = commit;
  fork.version = "1.0";
  return fork;
}

workspace::Patch Fixture::patch(const std::string& name, std::string_view text) const {
  spew(path("ws/forks") / name, text);
  workspace::Patch patch;
  patch.from = workspace::Patch::File{name};
  patch.reason = "test";
  return patch;
}

std::string error_of(Kind kind, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    INFO(error.render());
    REQUIRE(static_cast<int>(error.kind()) == static_cast<int>(kind));
    return error.render();
  }
  FAIL("nothing was thrown");
  return "";
}

std::string listing(const fs::path& root) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    struct stat status {};
    REQUIRE(::lstat(entry.path().c_str(), &status) == 0);
    const auto name = entry.path().lexically_relative(root).string();
    if (S_ISLNK(status.st_mode))
      lines.push_back(cat(name, " -> ", fs::read_symlink(entry.path()).string()));
    else if (S_ISDIR(status.st_mode))
      lines.push_back(name + "/");
    else
      lines.push_back(cat(name,
                          (status.st_mode & 0100U) != 0 ? " x " : " ",
                          sha256(slurp(entry.path())).hex().substr(0, 16)));
  }
  std::sort(lines.begin(), lines.end());
  return join(lines, "\n");
}

std::string slurp(const fs::path& file) {
  return read_file(file, std::uint64_t{1} << 30U);
}

void spew(const fs::path& file, std::string_view content) {
  make_directories(file.parent_path());
  replace_file(file, content, 0644, Durability::buffered);
}

}  // namespace cullet::source::test
