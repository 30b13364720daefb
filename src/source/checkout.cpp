// SPDX-License-Identifier: Apache-2.0
#include "checkout.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

namespace cullet::source {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{16} << 30U;
constexpr std::size_t kMaxTarget = 4095;

class Checkout {
 public:
  Checkout(const std::filesystem::path& root, const Cancel& cancel)
      : root_(open_directory(root)), cancel_(cancel) {}

  void write(const std::string& path, const TreeFile& file) {
    cancel_.check();
    const auto slash = path.rfind('/');
    enter(slash == path.npos ? "" : path.substr(0, slash));
    const auto name = slash == path.npos ? path : path.substr(slash + 1);
    if (file.mode == GIT_FILEMODE_COMMIT)
      return make_directory(directory_.get(), name, path);
    const auto content = FileTree::content(file, path);
    bytes_ += content.size();
    if (bytes_ > kMaxBytes)
      throw Error(Kind::input, cat("a source tree holds more than ", human_size(kMaxBytes)));
    if (file.mode == GIT_FILEMODE_LINK)
      write_symlink(name, content, path);
    else
      write_file(name, content, file.mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0755 : 0644, path);
  }

 private:
  static void make_directory(int parent, const std::string& name, const std::string& path) {
    if (::mkdirat(parent, name.c_str(), 0755) != 0 && errno != EEXIST)
      throw system_error(cat("cannot make '", printable(path), "'"), errno);
  }

  /// Makes `directory_` the one at `path`, with its parents made where absent. Each step is opened
  /// without following symlinks.
  void enter(const std::string& path) {
    if (directory_.valid() && path == entered_)
      return;
    auto current = open_at(root_.get(), ".", O_RDONLY | O_DIRECTORY);
    if (!path.empty())
      for (const auto& part : split(path, '/')) {
        make_directory(current.get(), part, path);
        current = open_at(current.get(), part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      }
    directory_ = std::move(current);
    entered_ = path;
  }

  void write_file(const std::string& name,
                  std::string_view content,
                  unsigned mode,
                  const std::string& path) {
    const auto file =
        open_at(directory_.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    write_all(file.get(), as_bytes(content), path);
    if (::fchmod(file.get(), mode) != 0)
      throw system_error(cat("cannot set the mode of '", printable(path), "'"), errno);
  }

  void write_symlink(const std::string& name, const std::string& target, const std::string& path) {
    if (target.empty() || target.size() > kMaxTarget || target.find('\0') != target.npos)
      throw Error(Kind::input, cat("the symlink '", printable(path), "' has no proper target"));
    if (::symlinkat(target.c_str(), directory_.get(), name.c_str()) != 0)
      throw system_error(cat("cannot make the symlink '", printable(path), "'"), errno);
  }

  Fd root_, directory_;
  std::string entered_;
  const Cancel& cancel_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

void checkout(const FileTree& tree, const std::filesystem::path& root, const Cancel& cancel) {
  Checkout writer(root, cancel);
  for (const auto& [path, file] : tree.files())
    writer.write(path, file);
}

}  // namespace cullet::source
