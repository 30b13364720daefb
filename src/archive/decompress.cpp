// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "cullet/archive/compression.hpp"
#include "cullet/base/error.hpp"

#include "frame_codec.hpp"
#include "peeked_source.hpp"
#include "xz_bzip2.hpp"

namespace cullet::archive {

namespace {

using namespace std::string_view_literals;

bool is_zstd(std::string_view head) {
  // A frame, or a skippable one (RFC 8878 section 3.1.2), as zstd:chunked and eStargz put them.
  return head.starts_with("\x28\xb5\x2f\xfd") ||
         (head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xf0U) == 0x50 &&
          head.substr(1, 3) == "\x2a\x4d\x18");
}

/// "BZh" and a digit alone could begin a file name, hence a tar: the first block's (or the end's)
/// magic number must follow.
bool is_bzip2(std::string_view head) {
  return head.size() >= 10 && head.starts_with("BZh") && head[3] >= '1' && head[3] <= '9' &&
         (head.substr(4, 6) == "\x31\x41\x59\x26\x53\x59" ||
          head.substr(4, 6) == "\x17\x72\x45\x38\x50\x90");
}

class Decompressed final : public Source {
 public:
  Decompressed(Source& inner, std::uint64_t limit, std::string name)
      : input_(inner), limit_(limit), left_(limit), name_(std::move(name)), output_(open()) {}

  std::size_t read(std::span<std::byte> into) override {
    const auto count = output_ == nullptr ? input_.read(into) : output_->read(into);
    if (count > left_)
      throw Error(Kind::input, cat(name_, " unfolds to more than ", limit_, " bytes"));
    left_ -= count;
    return count;
  }

 private:
  /// Null for plain bytes.
  std::unique_ptr<Source> open() {
    const auto head = input_.head();
    if (head.starts_with("\x1f\x8b\x08"))
      return gzip_source(input_, name_);
    if (is_zstd(head))
      return zstd_source(input_, name_);
    if (head.starts_with("\xfd\x37\x7a\x58\x5a\x00"sv))
      return xz_source(input_, name_);
    if (is_bzip2(head))
      return bzip2_source(input_, name_);
    return nullptr;
  }

  PeekedSource input_;
  std::uint64_t limit_;
  std::uint64_t left_;
  std::string name_;
  std::unique_ptr<Source> output_;
};

}  // namespace

std::unique_ptr<Source> decompress(Source& inner, std::uint64_t limit, std::string name) {
  return std::make_unique<Decompressed>(inner, limit, std::move(name));
}

}  // namespace cullet::archive
