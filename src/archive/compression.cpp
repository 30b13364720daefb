// SPDX-License-Identifier: Apache-2.0
#include "cullet/archive/compression.hpp"

#include "cullet/base/error.hpp"

#include "frame_codec.hpp"
#include "frame_pipeline.hpp"

namespace cullet::archive {

namespace {

/// Algorithm::none: bytes go through as they are.
class PassThrough final : public Compressor {
 public:
  PassThrough(Sink& out, Sink* plain) : out_(out), plain_(plain) {}
  void write(Bytes bytes) override {
    if (plain_ != nullptr)
      plain_->write(bytes);
    out_.write(bytes);
  }
  void finish() override {}

 private:
  Sink& out_;
  Sink* plain_;
};

std::unique_ptr<FrameCodec> codec(const Compression& compression) {
  switch (compression.algorithm) {
    case Algorithm::zstd:
      return zstd_codec(compression.level);
    case Algorithm::gzip:
      return gzip_codec(compression.level);
    case Algorithm::none:
      break;
  }
  return nullptr;
}

}  // namespace

std::string describe(const Compression& compression) {
  (void)codec(compression);  // refuses a level that there isn't
  if (compression.algorithm == Algorithm::none)
    return "none";
  const auto library = compression.algorithm == Algorithm::zstd ? zstd_library() : zlib_library();
  return cat(library, " level ", compression.level);
}

std::unique_ptr<Compressor> compress(const Compression& compression,
                                     Sink& out,
                                     unsigned threads,
                                     Sink* plain) {
  auto frames = codec(compression);
  if (frames == nullptr)
    return std::make_unique<PassThrough>(out, plain);
  return frame_pipeline(std::move(frames), out, plain, threads);
}

}  // namespace cullet::archive
