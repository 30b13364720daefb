// SPDX-License-Identifier: Apache-2.0
#include "xz_bzip2.hpp"

#include <utility>

#include "libarchive.hpp"
#include "stream_feed.hpp"

namespace cullet::archive {

namespace {

/// One of libarchive's filters over its "raw" format, which takes any content. Unlike gzip and
/// zstd, these two are only ever read, and libarchive brings their libraries along.
class FilterSource final : public Source {
 public:
  FilterSource(Source& inner, std::string name, int filter)
      : name_(std::move(name)), feed_(inner), archive_(archive_read_new()) {
    if (archive_ == nullptr)
      throw Error(Kind::machine, "not enough memory to decompress");
    archive_read_support_format_raw(archive_.get());
    // Not the "empty" format: it takes a filter that fails at once for one with nothing to give.
    // Appended, not bid for: a stream that itself holds a compressed one is unpacked once.
    check(archive_read_append_filter(archive_.get(), filter));
    check(feed_.open(archive_.get()));
    ::archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive_.get(), &entry);
    check(result == ARCHIVE_EOF ? ARCHIVE_FATAL : result);
  }

  std::size_t read(std::span<std::byte> into) override {
    if (ended_)
      return 0;
    const auto count = archive_read_data(archive_.get(), into.data(), into.size());
    if (count < 0)
      check(static_cast<int>(count));
    ended_ = count == 0;
    return static_cast<std::size_t>(count);
  }

 private:
  void check(int result) const {
    if (result == ARCHIVE_OK)
      return;
    feed_.rethrow();
    throw archive_error(archive_.get(), Kind::input, cat(name_, " is damaged or truncated"));
  }

  std::string name_;
  StreamFeed feed_;
  ReadArchive archive_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Source> xz_source(Source& inner, std::string name) {
  return std::make_unique<FilterSource>(inner, std::move(name), ARCHIVE_FILTER_XZ);
}

std::unique_ptr<Source> bzip2_source(Source& inner, std::string name) {
  return std::make_unique<FilterSource>(inner, std::move(name), ARCHIVE_FILTER_BZIP2);
}

}  // namespace cullet::archive
