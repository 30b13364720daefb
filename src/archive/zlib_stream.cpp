// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>

#include <zlib.h>

#include "cullet/archive/compression.hpp"
#include "cullet/base/error.hpp"

namespace cullet::archive {

namespace {

/// An inflater that is freed.
class Inflater {
 public:
  Inflater() {
    if (inflateInit(&stream) != Z_OK)
      throw Error(Kind::machine, "not enough memory to decompress");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  Inflater(Inflater&&) = delete;
  Inflater& operator=(Inflater&&) = delete;
  ~Inflater() { inflateEnd(&stream); }

  z_stream stream{};
};

}  // namespace

void check_zlib(Bytes bytes, std::uint64_t size, std::string_view name) {
  if (bytes.size() > std::numeric_limits<uInt>::max())
    throw Error(Kind::input, cat(name, " is too large"));
  Inflater inflater;
  auto& stream = inflater.stream;
  // zlib's interface predates const; it only reads here.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::array<Bytef, 32U << 10U> buffer{};
  std::uint64_t seen = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = buffer.data();
    stream.avail_out = static_cast<uInt>(buffer.size());
    result = inflate(&stream, Z_NO_FLUSH);
    seen += buffer.size() - stream.avail_out;
    if (seen > size)
      throw Error(Kind::input, cat(name, " unfolds to more than ", size, " bytes"));
  }
  if (result == Z_BUF_ERROR)
    throw Error(Kind::input, cat(name, " is truncated"));
  if (result != Z_STREAM_END || stream.avail_in != 0)
    throw Error(Kind::input, cat(name, " is damaged"));
  if (seen != size)
    throw Error(Kind::input, cat(name, " unfolds to ", seen, " bytes, not ", size));
}

}  // namespace cullet::archive
