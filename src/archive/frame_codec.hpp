// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "cullet/base/stream.hpp"

namespace cullet::archive {

struct EncodedFrame {
  std::size_t size = 0;     ///< bytes written
  std::uint32_t check = 0;  ///< of the input; what it is, is the codec's own
};

/// Compresses frames, one after the other; each worker thread has its own, so that the library's
/// tables are allocated once.
class FrameEncoder {
 public:
  FrameEncoder() = default;
  FrameEncoder(const FrameEncoder&) = delete;
  FrameEncoder& operator=(const FrameEncoder&) = delete;
  FrameEncoder(FrameEncoder&&) = delete;
  FrameEncoder& operator=(FrameEncoder&&) = delete;
  virtual ~FrameEncoder() = default;
  /// The result depends on `in` alone, never on frames before it. `out` has FrameCodec::bound()
  /// bytes.
  virtual EncodedFrame encode(Bytes in, std::span<std::byte> out) = 0;
};

/// A format made of frames that don't depend on each other.
class FrameCodec {
 public:
  FrameCodec() = default;
  FrameCodec(const FrameCodec&) = delete;
  FrameCodec& operator=(const FrameCodec&) = delete;
  FrameCodec(FrameCodec&&) = delete;
  FrameCodec& operator=(FrameCodec&&) = delete;
  virtual ~FrameCodec() = default;
  /// May be called from several threads at once.
  [[nodiscard]] virtual std::unique_ptr<FrameEncoder> encoder() const = 0;
  /// The most bytes a frame of kFrameSize can become.
  [[nodiscard]] virtual std::size_t bound() const = 0;
  /// What comes before the first frame.
  [[nodiscard]] virtual std::string begin() const { return {}; }
  /// Told of each frame in order.
  virtual void add(std::uint32_t check, std::size_t input_size) {
    (void)check;
    (void)input_size;
  }
  /// What comes after the last frame.
  [[nodiscard]] virtual std::string end() const { return {}; }
};

/// Throw Kind::input for a level out of range.
std::unique_ptr<FrameCodec> zstd_codec(int level);
std::unique_ptr<FrameCodec> gzip_codec(int level);
/// "zstd 1.5.4", "zlib 1.2.13": what is linked in at run time.
std::string zstd_library();
std::string zlib_library();

/// Sources that decompress `inner`, which must outlive them; `name` is for errors.
std::unique_ptr<Source> zstd_source(Source& inner, std::string name);
std::unique_ptr<Source> gzip_source(Source& inner, std::string name);

}  // namespace cullet::archive
