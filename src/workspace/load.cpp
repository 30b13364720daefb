// SPDX-License-Identifier: Apache-2.0
#include <system_error>

#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

#include "parts.hpp"
#include "values.hpp"

namespace cullet::workspace {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfigFile = "cullet.yaml";

bool is_regular(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// A fifo under the name would block the read, so the type is asked first.
std::string read_yaml(const fs::path& root, const std::string& file) {
  if (!is_regular(root / file))
    throw Error(Kind::input, cat(printable(file), " is not a regular file"));
  // One byte more than is allowed: parse_document() then says that it is too large.
  return read_file(root / file, kMaxDocumentBytes + 1);
}

/// The names of FOLDER/NAME.yaml, sorted. A missing folder is empty; a misnamed file would silently
/// be left out, so it is an error.
std::vector<std::string> documents(const fs::path& root, const std::string& folder) {
  std::error_code status;
  if (!fs::exists(root / folder, status) && !status)
    return {};
  std::vector<std::string> names;
  const auto directory = open_directory(root / folder);
  for (const auto& entry : list_directory(directory.get(), folder)) {
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

Workspace load(const fs::path& root) {
  Workspace workspace;
  workspace.root = fs::absolute(root).lexically_normal();
  if (!workspace.root.has_filename())
    workspace.root = workspace.root.parent_path();
  const std::string config(kConfigFile);
  workspace.config = parse_config(read_yaml(workspace.root, config), config);
  for (const auto& name : documents(workspace.root, "forks")) {
    const auto file = cat("forks/", name, ".yaml");
    workspace.forks.emplace(name, parse_fork(read_yaml(workspace.root, file), file, name));
  }
  for (const auto& name : documents(workspace.root, "recipes")) {
    const auto file = cat("recipes/", name, ".yaml");
    workspace.recipes.emplace(name, parse_recipe(read_yaml(workspace.root, file), file, name));
  }
  check_references(workspace);
  return workspace;
}

}  // namespace cullet::workspace
