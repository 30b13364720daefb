// SPDX-License-Identifier: Apache-2.0
#include "step_log.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::build {

StepLog::StepLog(const std::filesystem::path& directory, const std::string& name)
    : path_(directory / (name + ".log")),
      file_(open_file(path_, O_RDWR | O_CREAT | O_TRUNC | O_APPEND)) {}

void StepLog::say(const std::string& line) {
  write_all(file_.get(), as_bytes(line + "\n"), path_.string());
}

std::vector<std::string> StepLog::tail(std::size_t count) const {
  constexpr off_t kWindow = 32 << 10;
  struct stat status {};
  if (fstat(file_.get(), &status) != 0)
    return {};
  const off_t from = std::max<off_t>(0, status.st_size - kWindow);
  std::string text(static_cast<std::size_t>(status.st_size - from), '\0');
  const auto got = pread(file_.get(), text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  auto lines = split(text, '\n');
  if (lines.size() > count)
    lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
  for (auto& line : lines)
    line = printable(line.substr(0, 200));
  return lines;
}

}  // namespace cullet::build
