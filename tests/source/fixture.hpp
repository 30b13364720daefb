// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/process.hpp"
#include "cullet/source/source.hpp"

namespace cullet::source::test {

/// Runs a program; fails the test when it fails. Returns its standard output without the last
/// newline.
std::string run(std::vector<std::string> argv,
                const std::filesystem::path& directory,
                std::string_view input = "");

/// A git repository made by git itself, with fixed names and times.
class GitRepo {
 public:
  explicit GitRepo(std::filesystem::path path, std::vector<std::string> options = {});
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  std::string git(std::vector<std::string> arguments, std::string_view input = "") const;
  void write(const std::string& name, std::string_view content) const;
  /// Adds everything and commits; returns the commit's id. Each commit is a day younger.
  std::string commit(const std::string& message);

 private:
  std::filesystem::path path_;
  int commits_ = 0;
};

/// tests/support/git_http.py over a directory.
class GitServer {
 public:
  explicit GitServer(const std::filesystem::path& root,
                     const std::string& login = "",
                     const std::vector<std::string>& certificate_and_key = {});
  [[nodiscard]] std::string url(const std::string& path) const;
  [[nodiscard]] std::string authority() const { return "127.0.0.1:" + port_; }
  /// Waits for the next line that the server says.
  std::string next_event();
  /// The requests since the last call: "METHOD PATH AUTHORIZATION".
  std::vector<std::string> requests();

 private:
  Fd input_, output_;
  std::string buffered_;
  std::string port_;
  std::unique_ptr<Process> process_;
};

/// A store, a workspace and a home, all of them empty.
class Fixture {
 public:
  Fixture();
  [[nodiscard]] std::filesystem::path path(const std::string& name) const {
    return directory_.path() / name;
  }
  [[nodiscard]] Context context() const;
  /// A fork cloned from `url` with this pin.
  [[nodiscard]] static workspace::Fork fork(const std::string& url, const std::string& commit);
  /// Writes forks/NAME and returns a patch of it.
  workspace::Patch patch(const std::string& name, std::string_view text) const;

  TemporaryDirectory directory_;
  Cancel cancel;
  store::Store store;
  http::Options options;
  std::unique_ptr<http::Client> http;
  std::map<std::string, std::string> environment;
  std::function<void(const std::string&)> progress;
};

/// What `work` throws, rendered; fails the test when it throws nothing or something of another
/// kind.
std::string error_of(Kind kind, const std::function<void()>& work);

/// "path mode content" lines of a directory, sorted: what a test compares trees by.
std::string listing(const std::filesystem::path& root);

std::string slurp(const std::filesystem::path& file);
void spew(const std::filesystem::path& file, std::string_view content);

}  // namespace cullet::source::test
