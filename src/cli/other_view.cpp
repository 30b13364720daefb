// SPDX-License-Identifier: Apache-2.0
#include "other_view.hpp"

#include <memory>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/process.hpp"
#include "cullet/base/text.hpp"

namespace cullet::cli {

namespace {

constexpr std::size_t kLines = 12;
/// Files that it is asked about: it takes a second for each.
constexpr std::size_t kFiles = 5;
constexpr std::uint64_t kMostOutput = std::uint64_t{16} << 20U;

bool is_installed(const std::string& path, const std::string& program) {
  for (const auto& directory : split(path, ':')) {
    std::error_code none;
    if (directory.starts_with('/') &&
        std::filesystem::is_regular_file(std::filesystem::path(directory) / program, none))
      return true;
  }
  return false;
}

/// The lines after the header that names the two files, which are the caller's own.
std::string first_lines(const std::string& text) {
  std::vector<std::string> shown;
  for (const auto& line : split(text, '\n'))
    if (!line.starts_with("---") && !line.starts_with("+++") && !line.empty() &&
        shown.size() < kLines)
      shown.push_back(line);
  return join(shown, " / ");
}

}  // namespace

std::function<std::string(const std::string&, Bytes, Bytes)> other_view(
    Session& session, const std::string& program) {
  const auto search = session.environment().get("PATH");
  if (!is_installed(search, program))
    return nullptr;
  const auto left = std::make_shared<std::size_t>(kFiles);
  return [&session, program, search, left](const std::string&, Bytes first, Bytes second) {
    if (*left == 0)
      return std::string();
    --*left;
    try {
      const auto room = session.store().work_directory();
      replace_file(room.root() / "first", as_text(first), 0600, Durability::buffered);
      replace_file(room.root() / "second", as_text(second), 0600, Durability::buffered);
      ProcessSpec spec;
      spec.argv = {program, "--timeout", "20", "first", "second"};
      spec.directory = room.root();
      spec.environment = {"PATH=" + search, "HOME=" + room.root().string(), "LC_ALL=C.UTF-8"};
      return first_lines(run_captured(std::move(spec), "", session.cancel(), kMostOutput).out);
    } catch (const Error& error) {
      if (error.kind() == Kind::interrupted)
        throw;
      return std::string();  // it is a help, and was not needed
    }
  };
}

}  // namespace cullet::cli
