// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cullet/base/stream.hpp"

namespace cullet::archive {

enum class Algorithm { none, gzip, zstd };

/// How a layer is compressed. Every parameter that reaches a byte is here or fixed by the assembly
/// contract; the number of threads is not among them.
struct Compression {
  Algorithm algorithm = Algorithm::zstd;
  int level = 3;  ///< zstd: 1 to 22; gzip: 1 to 9; none: not used

  friend bool operator==(const Compression&, const Compression&) = default;
};

/// "zstd 1.5.4 level 3", "zlib 1.2.13 level 6" (of gzip), "none": the library's name and version as
/// recorded in the image. Output is stable for one such string (zstd and zlib promise nothing
/// across versions). Throws Kind::input for a level that the algorithm doesn't have.
std::string describe(const Compression& compression);

/// A sink that compresses. The stream is complete only after finish(). One thread at a time may
/// call it.
class Compressor : public Sink {
 public:
  /// Writes what is left to the inner sink. To be called once; nothing may be written after it.
  virtual void finish() = 0;
  /// Where the next bytes may be put before they are written: a write() whose span begins where
  /// this one does takes them without copying. Valid until the next write(); empty where there is
  /// no such place.
  virtual std::span<std::byte> space() { return {}; }
};

/// Compresses into `out`, which must outlive the compressor, on up to `threads` threads beside the
/// caller's. zstd: independent frames of kFrameSize input bytes each, compressed in parallel and
/// written in order (RFC 8878 section 3: frames may be concatenated), so that the bytes are the
/// same for any number of threads. gzip: one member, FLG 0, MTIME 0, OS 255 (RFC 1952), its deflate
/// blocks made of kFrameSize input bytes likewise, each run ended by an empty stored block. `plain`
/// gets the uncompressed bytes in order, so that they can be hashed beside the compression. `out`
/// and `plain` are called from worker threads, each by one at a time. Errors there come out of
/// write() or finish(). Memory is bounded by `threads` + 2 frames, in and out. Destroying it before
/// finish() abandons the work; it then waits for no more than the frames in hand.
std::unique_ptr<Compressor> compress(const Compression& compression,
                                     Sink& out,
                                     unsigned threads,
                                     Sink* plain = nullptr);

inline constexpr std::size_t kFrameSize = std::size_t{4} << 20U;

/// Decompresses gzip, zstd, xz or bzip2 by the magic number of the stream, or passes plain bytes
/// on. `inner` must outlive it. Concatenated members and frames are read through; zero bytes after
/// the last gzip member are padding. Throws Kind::input for damaged or truncated data (checksums
/// are verified where the format has them) and beyond `limit` output bytes. A zstd frame may ask
/// for a window of up to 128 MiB. xz or bzip2 of nothing counts as truncated: behind libarchive the
/// two can't be told apart, and no archive is empty.
std::unique_ptr<Source> decompress(Source& inner, std::uint64_t limit, std::string name);

/// Throws Kind::input, naming `name`, unless `bytes` are one whole zlib stream (RFC 1950) of
/// exactly `size` bytes with nothing behind it. What it unfolds to is not kept.
void check_zlib(Bytes bytes, std::uint64_t size, std::string_view name);

}  // namespace cullet::archive
