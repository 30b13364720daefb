// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <zlib.h>

#include "cullet/archive/compression.hpp"
#include "cullet/base/error.hpp"

#include "frame_codec.hpp"

namespace cullet::archive {

namespace {

constexpr int kRawDeflate = -15;  // a window of 32 KiB, no header
constexpr int kGzip = 15 + 16;    // the same, in a gzip member
constexpr int kMemory = 8;
/// Beyond zlib's own bound for a finished stream: an empty stored block at the end of each frame.
constexpr std::size_t kFlushRoom = 64;

Error zlib_failed(const z_stream& stream, int result) {
  return Error(Kind::machine, cat("zlib cannot work: ", result))
      .detail(stream.msg != nullptr ? stream.msg : "no reason given");
}

Bytef* zlib_bytes(const std::byte* bytes) {
  return reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes));
}

/// Deflates each frame from a fresh state and ends it by Z_SYNC_FLUSH, on a byte boundary and
/// without the final bit: frames put one after the other are one deflate stream.
class GzipEncoder final : public FrameEncoder {
 public:
  explicit GzipEncoder(int level) {
    const int result =
        deflateInit2(&stream_, level, Z_DEFLATED, kRawDeflate, kMemory, Z_DEFAULT_STRATEGY);
    if (result != Z_OK)
      throw zlib_failed(stream_, result);
  }
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;
  GzipEncoder(GzipEncoder&&) = delete;
  GzipEncoder& operator=(GzipEncoder&&) = delete;
  ~GzipEncoder() override { deflateEnd(&stream_); }

  EncodedFrame encode(Bytes in, std::span<std::byte> out) override {
    deflateReset(&stream_);
    stream_.next_in = zlib_bytes(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = zlib_bytes(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream_, Z_SYNC_FLUSH);
    if (result != Z_OK || stream_.avail_in != 0 || stream_.avail_out == 0)
      throw zlib_failed(stream_, result);
    const auto check = crc32(0, zlib_bytes(in.data()), static_cast<uInt>(in.size()));
    return {out.size() - stream_.avail_out, static_cast<std::uint32_t>(check)};
  }

 private:
  z_stream stream_{};
};

void append_little_endian(std::string& to, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8)
    to += static_cast<char>((value >> shift) & 0xffU);
}

class GzipCodec final : public FrameCodec {
 public:
  explicit GzipCodec(int level) : level_(level) {}
  [[nodiscard]] std::unique_ptr<FrameEncoder> encoder() const override {
    return std::make_unique<GzipEncoder>(level_);
  }
  [[nodiscard]] std::size_t bound() const override {
    return compressBound(kFrameSize) + kFlushRoom;
  }
  /// RFC 1952 section 2.3: magic, deflate, FLG 0, MTIME 0, XFL 0, OS 255.
  [[nodiscard]] std::string begin() const override {
    return {'\x1f', '\x8b', '\x08', 0, 0, 0, 0, 0, 0, '\xff'};
  }
  void add(std::uint32_t check, std::size_t input_size) override {
    crc_ = static_cast<std::uint32_t>(crc32_combine(crc_, check, static_cast<z_off_t>(input_size)));
    size_ += static_cast<std::uint32_t>(input_size);  // modulo 2^32, as ISIZE is
  }
  [[nodiscard]] std::string end() const override {
    std::string text{'\x03', '\x00'};  // an empty last block (RFC 1951 section 3.2.6)
    append_little_endian(text, crc_);
    append_little_endian(text, size_);
    return text;
  }

 private:
  int level_;
  std::uint32_t crc_ = 0;
  std::uint32_t size_ = 0;
};

class GzipSource final : public Source {
 public:
  GzipSource(Source& inner, std::string name)
      : inner_(inner), name_(std::move(name)), buffer_(kBufferSize) {
    const int result = inflateInit2(&stream_, kGzip);
    if (result != Z_OK)
      throw zlib_failed(stream_, result);
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  GzipSource(GzipSource&&) = delete;
  GzipSource& operator=(GzipSource&&) = delete;
  ~GzipSource() override { inflateEnd(&stream_); }

  std::size_t read(std::span<std::byte> into) override {
    const auto room = std::min<std::size_t>(into.size(), std::numeric_limits<uInt>::max());
    stream_.next_out = zlib_bytes(into.data());
    stream_.avail_out = static_cast<uInt>(room);
    while (stream_.avail_out == room) {
      if (between_members_ && !next_member())
        return 0;
      if (stream_.avail_in == 0 && !refill())
        throw Error(Kind::input, cat(name_, " is truncated")).detail("gzip: a member has no end");
      inflate_some();
    }
    return room - stream_.avail_out;
  }

 private:
  static constexpr std::size_t kBufferSize = 128U << 10U;

  void inflate_some() {
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END)
      between_members_ = true;
    else if (result == Z_MEM_ERROR)
      throw zlib_failed(stream_, result);
    else if (result != Z_OK && result != Z_BUF_ERROR)
      throw Error(Kind::input, cat(name_, " is damaged"))
          .detail(cat("gzip: ", stream_.msg != nullptr ? stream_.msg : "needs a dictionary"));
  }

  /// False at the end of the stream; zero bytes after a member are padding.
  bool next_member() {
    for (;; ++stream_.next_in, --stream_.avail_in) {
      if (stream_.avail_in == 0 && !refill())
        return false;
      if (first_ || (*stream_.next_in != 0 && !padding_))
        break;
      if (*stream_.next_in != 0)
        throw Error(Kind::input, cat(name_, " is damaged")).detail("gzip: bytes after its end");
      padding_ = true;
    }
    first_ = false;
    between_members_ = false;
    inflateReset(&stream_);
    return true;
  }

  bool refill() {
    const auto count = inner_.read(buffer_);
    stream_.next_in = zlib_bytes(buffer_.data());
    stream_.avail_in = static_cast<uInt>(count);
    return count > 0;
  }

  Source& inner_;
  std::string name_;
  std::vector<std::byte> buffer_;
  z_stream stream_{};
  bool first_ = true;
  bool between_members_ = true;
  bool padding_ = false;
};

}  // namespace

std::unique_ptr<FrameCodec> gzip_codec(int level) {
  if (level < 1 || level > Z_BEST_COMPRESSION)
    throw Error(Kind::input, cat("gzip has no level ", level)).hint("levels are 1 to 9");
  return std::make_unique<GzipCodec>(level);
}

std::string zlib_library() {
  return cat("zlib ", zlibVersion());
}

std::unique_ptr<Source> gzip_source(Source& inner, std::string name) {
  return std::make_unique<GzipSource>(inner, std::move(name));
}

}  // namespace cullet::archive
