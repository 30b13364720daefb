// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

#include "cullet/base/file.hpp"
#include "cullet/base/parallel.hpp"
#include "cullet/base/text.hpp"
#include "cullet/workspace/read.hpp"

#include "parts.hpp"
#include "values.hpp"

namespace cullet::workspace {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfigFile = "cullet.yaml";
constexpr std::string_view kLockFile = "cullet.lock";
constexpr std::uint64_t kMaxLockBytes = std::uint64_t{64} << 20U;

/// `name` in a directory; `file` is what errors call it.
std::string read_text(int directory,
                      const std::string& name,
                      const std::string& file,
                      std::uint64_t limit) {
  // Non-blocking, because the name may be a fifo's.
  const auto fd = with_context([&] { return cat("reading ", printable(file)); },
                               [&] { return open_at(directory, name, O_RDONLY | O_NONBLOCK); });
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0)
    throw system_error(cat("cannot read ", printable(file)), errno);
  if (!S_ISREG(status.st_mode))
    throw Error(Kind::input, cat(printable(file), " is not a regular file"));
  FdSource source(fd.get(), file);
  return read_all(source, limit, file);
}

std::string read_yaml(int directory, const std::string& name, const std::string& file) {
  // One byte more than is allowed: parse_document() then says that it is too large.
  return read_text(directory, name, file, kMaxDocumentBytes + 1);
}

/// The names of FOLDER/NAME.yaml, sorted. A misnamed file would silently be left out, so it is an
/// error.
std::vector<std::string> documents(int directory, const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : list_directory(directory, folder)) {
    const fs::path path(entry);
    const auto file = cat(folder, "/", printable(entry));
    if (entry[0] == '.' || (path.extension() != ".yaml" && path.extension() != ".yml"))
      continue;
    if (path.extension() == ".yml")
      throw Error(Kind::input, cat(file, " would be ignored"))
          .hint(cat("rename it to ", printable(path.stem().string()), ".yaml"));
    if (!is_name(path.stem().string()))
      throw Error(Kind::input, cat(file, ": a name holds a-z, 0-9, '.', '_' and '-'"))
          .hint("rename the file");
    names.push_back(path.stem().string());
  }
  return names;
}

/// Files below which another thread costs more than it brings.
constexpr std::size_t kFilesPerThread = 64;

/// Parses FOLDER/*.yaml, in parallel where there are many; a missing folder is empty. The error
/// thrown is that of the first file in order, whatever the threads' order. Their texts go to
/// `files`.
template <class T>
std::map<std::string, T> parse_folder(const fs::path& root,
                                      const std::string& folder,
                                      T (*parse)(std::string_view,
                                                 const std::string&,
                                                 const std::string&),
                                      unsigned threads,
                                      std::map<std::string, std::string>& files) {
  if (!is_there(root / folder, true))
    return {};
  const auto directory = open_directory(root / folder);
  const auto names = documents(directory.get(), folder);
  std::vector<std::string> texts(names.size());
  std::vector<std::optional<T>> parsed(names.size());
  std::vector<std::exception_ptr> failed(names.size());
  const auto useful = std::min<std::size_t>(threads, names.size() / kFilesPerThread);
  in_parallel(names.size(), static_cast<unsigned>(useful), [&](std::size_t index) {
    try {
      const auto name = names[index] + ".yaml";
      const auto file = cat(folder, "/", name);
      texts[index] = read_yaml(directory.get(), name, file);
      parsed[index] = parse(texts[index], file, names[index]);
    } catch (...) {
      failed[index] = std::current_exception();
    }
  });
  for (const auto& error : failed)
    if (error)
      std::rethrow_exception(error);
  std::map<std::string, T> result;
  for (std::size_t index = 0; index < names.size(); ++index) {
    result.emplace_hint(result.end(), names[index], std::move(*parsed[index]));
    files.emplace_hint(
        files.end(), cat(folder, "/", names[index], ".yaml"), std::move(texts[index]));
  }
  return result;
}

}  // namespace

fs::path find_root(const fs::path& from) {
  for (auto directory = fs::absolute(from).lexically_normal();;
       directory = directory.parent_path()) {
    std::error_code ignored;
    if (fs::exists(directory / kConfigFile, ignored))
      return directory;
    if (directory == directory.parent_path())
      break;
  }
  throw Error(Kind::input,
              cat("there is no ", kConfigFile, " in ", printable(from.string()), " or above it"))
      .hint("`cullet init` makes a workspace");
}

Workspace read(const fs::path& root, unsigned threads) {
  Workspace workspace;
  workspace.root = fs::absolute(root).lexically_normal();
  if (!workspace.root.has_filename())
    workspace.root = workspace.root.parent_path();
  const std::string config(kConfigFile), lock(kLockFile);
  const auto root_directory = open_directory(workspace.root);
  auto& files = workspace.files;
  files[config] = read_yaml(root_directory.get(), config, config);
  workspace.config = parse_config(files[config], config);
  if (is_there(workspace.root / lock, true))
    files[lock] = read_text(root_directory.get(), lock, lock, kMaxLockBytes);
  workspace.forks = parse_folder<Fork>(workspace.root, "forks", parse_fork, threads, files);
  workspace.recipes = parse_folder<Recipe>(workspace.root, "recipes", parse_recipe, threads, files);
  return workspace;
}

Workspace load(const fs::path& root, unsigned threads) {
  auto workspace = read(root, threads);
  check_references(workspace);
  return workspace;
}

}  // namespace cullet::workspace
