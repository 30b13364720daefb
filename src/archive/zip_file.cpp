// SPDX-License-Identifier: Apache-2.0
#include "zip_file.hpp"

#include <cerrno>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "cullet/base/error.hpp"

namespace cullet::archive {

namespace {
constexpr std::uint64_t kMaxZip = std::uint64_t{1} << 30U;
constexpr std::size_t kChunk = 256U << 10U;
}  // namespace

Fd spool_zip(Source& source, std::string_view name) {
  Fd file(::memfd_create("cullet-zip", MFD_CLOEXEC));
  if (!file.valid())
    throw system_error(cat("cannot hold ", name, " in memory"), errno);
  std::vector<std::byte> buffer(kChunk);
  std::uint64_t size = 0;
  while (const auto count = source.read(buffer)) {
    size += count;
    if (size > kMaxZip)
      throw Error(Kind::input, cat(name, " is a zip of more than ", kMaxZip, " bytes"))
          .hint("repack it as a tar, which has no such limit");
    write_all(file.get(), Bytes(buffer).first(count), name);
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0)
    throw system_error(cat("cannot read ", name), errno);
  return file;
}

bool is_zip(std::string_view head) {
  return head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06");
}

}  // namespace cullet::archive
