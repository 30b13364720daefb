// SPDX-License-Identifier: Apache-2.0
#include "zip_time.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::source {
namespace {

// APPNOTE.TXT 4.3.7, 4.3.12, 4.3.14 to 4.3.16. All numbers are little-endian.
constexpr std::string_view kLocal = "PK\3\4", kCentral = "PK\1\2", kEnd = "PK\5\6",
                           kEnd64 = "PK\6\6", kLocator64 = "PK\6\7";
constexpr std::size_t kEndSize = 22, kMaxComment = 65535, kLocatorSize = 20, kCentralSize = 46;
constexpr std::uint64_t kMaxDirectory = std::uint64_t{1} << 30U;

std::uint64_t little(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;)
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::string read_at(int fd, std::uint64_t offset, std::uint64_t size, const std::string& name) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const auto got =
        ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      throw system_error(cat("cannot read ", name), errno);
    if (got == 0)
      break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

std::int64_t to_seconds(std::uint64_t date, std::uint64_t time) {
  const auto two = [](std::uint64_t value) { return cat(value < 10 ? "0" : "", value); };
  const auto text = cat(1980 + (date >> 9U),
                        "-",
                        two(date >> 5U & 15U),
                        "-",
                        two(date & 31U),
                        "T",
                        two(time >> 11U),
                        ":",
                        two(time >> 5U & 63U),
                        ":",
                        two((time & 31U) * 2),
                        "Z");
  // Impossible dates, as month 0, are common where a tool knew no time.
  return parse_time(text).value_or(0);
}

/// Where the central directory is, and how long.
struct Directory {
  std::uint64_t offset = 0, size = 0;
};

Directory find_directory(int fd, std::uint64_t file_size, const std::string& name) {
  const auto bad = [&] { return Error(Kind::input, cat(name, " is damaged or truncated")); };
  const auto tail_size = std::min<std::uint64_t>(file_size, kEndSize + kMaxComment);
  const auto tail = read_at(fd, file_size - tail_size, tail_size, name);
  auto at = tail.size() < kEndSize ? tail.npos : tail.rfind(kEnd, tail.size() - kEndSize);
  if (at == tail.npos)
    throw bad();
  Directory directory{little(tail, at + 16, 4), little(tail, at + 12, 4)};
  if (directory.offset != 0xFFFFFFFF && directory.size != 0xFFFFFFFF)
    return directory;
  if (at < kLocatorSize || tail.compare(at - kLocatorSize, 4, kLocator64) != 0)
    throw bad();
  const auto place = little(tail, at - kLocatorSize + 8, 8);
  if (place > file_size)
    throw bad();
  const auto end64 = read_at(fd, place, 56, name);
  if (end64.size() < 56 || !end64.starts_with(kEnd64))
    throw bad();
  return {little(end64, 48, 8), little(end64, 40, 8)};
}

}  // namespace

std::optional<std::int64_t> newest_zip_time(int fd, const std::string& name) {
  const auto head = read_at(fd, 0, 4, name);
  if (head != kLocal && head != kEnd)
    return std::nullopt;
  struct stat status {};
  if (::fstat(fd, &status) != 0)
    throw system_error(cat("cannot read ", name), errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const auto directory = find_directory(fd, size, name);
  if (directory.offset > size || directory.size > std::min(size - directory.offset, kMaxDirectory))
    throw Error(Kind::input, cat(name, " is damaged or truncated"));
  const auto bytes = read_at(fd, directory.offset, directory.size, name);
  std::int64_t newest = 0;
  for (std::size_t at = 0;
       at + kCentralSize <= bytes.size() && bytes.compare(at, 4, kCentral) == 0;) {
    newest = std::max(newest, to_seconds(little(bytes, at + 14, 2), little(bytes, at + 12, 2)));
    at += kCentralSize + little(bytes, at + 28, 2) + little(bytes, at + 30, 2) +
          little(bytes, at + 32, 2);
  }
  return newest;
}

}  // namespace cullet::source
