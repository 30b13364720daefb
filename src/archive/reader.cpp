// SPDX-License-Identifier: Apache-2.0
#include "cullet/archive/reader.hpp"

#include <algorithm>
#include <utility>

#include "cullet/archive/compression.hpp"
#include "cullet/base/text.hpp"

#include "entry.hpp"
#include "libarchive.hpp"
#include "peeked_source.hpp"
#include "stream_feed.hpp"
#include "zip_file.hpp"

namespace cullet::archive {

namespace {

constexpr std::uint64_t kBlock = 512;
constexpr std::size_t kZipReadSize = 64U << 10U;
/// Writers pad a tar to whole records, of 10 KiB mostly.
constexpr std::uint64_t kMostPadding = std::uint64_t{4} << 20U;

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/// The most bytes a tar within the limits can have: content, and for each entry its header, pax or
/// GNU headers for path and target, and padding; then the end and what pads it.
std::uint64_t stream_limit(const Limits& limits) {
  const auto per_entry =
      saturating_add(2 * std::min(limits.path_length, UINT64_MAX / 4), 8 * kBlock);
  const auto headers =
      limits.entries > UINT64_MAX / per_entry ? UINT64_MAX : limits.entries * per_entry;
  return saturating_add(saturating_add(limits.bytes, headers), std::uint64_t{1} << 20U);
}

/// libarchive warns where a tar's name is UTF-8 and the locale is not, and then hands out its
/// bytes, which is what is wanted (libarchive.hpp, ClassicLocale). Every other warning is about
/// damage.
bool is_charset_warning(::archive* archive) {
  return last_error(archive).find("can't be converted from") != std::string::npos;
}

/// The same for a zip, of which it has no bytes then.
bool lacks_charset(::archive* archive) {
  return last_error(archive).find("cannot be converted from UTF-8") != std::string::npos;
}

}  // namespace

struct Reader::State final : public Source {
  State(Source& source, std::string name_of, Format format_of, const Limits& limits_of)
      : name(std::move(name_of)),
        format(format_of),
        limits(limits_of),
        input(source),
        archive(archive_read_new()) {
    if (archive == nullptr)
      throw Error(Kind::machine, "not enough memory to read an archive");
    const ClassicLocale classic;
    if (format == Format::ar)
      open_ar();
    else if (format == Format::tar_or_zip && is_zip(input.head()))
      open_zip();
    else
      open_tar();
  }

  void open_tar() {
    format = Format::tar;
    plain = decompress(input, stream_limit(limits), name);
    feed = std::make_unique<StreamFeed>(*plain);
    check(archive_read_support_format_tar(archive.get()));
    check(feed->open(archive.get()));
  }
  void open_ar() {
    feed = std::make_unique<StreamFeed>(input);
    check(archive_read_support_format_ar(archive.get()));
    check(feed->open(archive.get()));
  }
  void open_zip() {
    zip = spool_zip(input, name);
    check(archive_read_support_format_zip_seekable(archive.get()));
    check(archive_read_open_fd(archive.get(), zip.get(), kZipReadSize));
  }

  void check(int result) {
    if (result == ARCHIVE_OK)
      return;
    failed = true;
    if (feed != nullptr)
      feed->rethrow();
    auto error = archive_error(archive.get(), Kind::input, cat(name, " is damaged or truncated"));
    if (!current.empty())
      error.detail(cat("at entry '", printable(current), "'"));
    throw error;
  }

  std::optional<Entry> next() {
    if (failed)
      throw Error(Kind::internal, cat(name, " is read on after an error"));
    if (ended)
      return std::nullopt;
    const ClassicLocale classic(format == Format::tar_or_zip);
    for (;;) {
      finish_entry();
      ::archive_entry* found = nullptr;
      const int result = archive_read_next_header(archive.get(), &found);
      if (result == ARCHIVE_EOF) {
        finish();
        return std::nullopt;
      }
      if (result == ARCHIVE_WARN && format == Format::tar_or_zip && !classic.utf8() &&
          lacks_charset(archive.get())) {
        failed = true;
        throw Error(Kind::machine, cat("the names in ", name, " can't be read on this machine"))
            .detail("they are UTF-8, and the locale C.UTF-8 is not there")
            .hint("install it (Debian has it in libc-bin)");
      }
      if (result != ARCHIVE_WARN || !is_charset_warning(archive.get()))
        check(result);
      failed = true;  // an entry that is refused ends the reading
      if (++entries > limits.entries)
        throw Error(Kind::input, cat(name, " holds more than ", limits.entries, " entries"));
      auto entry = read_entry(found, name, format, limits);
      open = true;
      left = entry ? entry->size : 0;
      if (left > limits.bytes - bytes)
        throw Error(Kind::input, cat(name, " unfolds to more than ", limits.bytes, " bytes"))
            .detail(cat("at entry '", printable(entry->path.str()), "'"));
      bytes += left;
      if (entry)
        count_names(*entry);
      failed = false;
      if (!entry)
        continue;
      current = entry->path.str();
      mtime = archive_entry_mtime(found);
      return entry;
    }
  }

  void count_names(const Entry& entry) {
    constexpr std::uint64_t kAttribute = 64;  // what holding one costs besides
    names += entry.path.str().size() + entry.target.size();
    for (const auto& [key, value] : entry.xattrs)
      names += kAttribute + key.size() + value.size();
    if (names > limits.names)
      throw Error(Kind::input,
                  cat(name, " has more than ", limits.names, " bytes of paths and attributes"))
          .detail(cat("at entry '", printable(entry.path.str()), "'"));
  }

  /// The current file's bytes.
  std::size_t read(std::span<std::byte> into) override {
    if (failed)
      throw Error(Kind::internal, cat(name, " is read on after an error"));
    if (!open || left == 0)
      return 0;
    const auto count = archive_read_data(archive.get(), into.data(), into.size());
    if (count < 0)
      check(static_cast<int>(count));
    if (count == 0 || static_cast<std::uint64_t>(count) > left) {
      failed = true;
      throw Error(Kind::input,
                  cat(name,
                      ": entry '",
                      printable(current),
                      "' ",
                      count == 0 ? "ends before its size" : "is longer than its size"));
    }
    left -= static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

  /// Skips what is left of the entry; for a file read to its size, has the checksum verified where
  /// the format has one.
  void finish_entry() {
    if (!std::exchange(open, false))
      return;
    if (format == Format::tar_or_zip && left == 0) {
      std::byte more{};
      const auto count = archive_read_data(archive.get(), &more, 1);
      if (count != 0)
        check(count < 0 ? static_cast<int>(count) : ARCHIVE_FATAL);
    }
    check(archive_read_data_skip(archive.get()));
    data_end = static_cast<std::uint64_t>(archive_filter_bytes(archive.get(), 0));
  }

  /// libarchive takes the end of the input for the end of the archive, where it can. Of a zip, the
  /// end is what it reads first.
  void finish() {
    const auto end = static_cast<std::uint64_t>(archive_filter_bytes(archive.get(), 0));
    failed = true;
    if (format == Format::tar)
      require_end_mark(end);
    // A damaged or cut end of the compressed stream, or a digest verified on the way, shows only
    // when all of it was read.
    const auto total = feed != nullptr ? feed->drain(saturating_add(end, kMostPadding)) : end;
    if (total > saturating_add(end, kMostPadding))
      throw Error(Kind::input,
                  cat(name, " goes on for more than ", kMostPadding, " bytes behind its end"));
    // ar has no end mark, so what can be seen is a member's header that is not whole.
    if (format == Format::ar && total != end)
      throw Error(Kind::input, cat(name, " is damaged or truncated"))
          .detail("ar: the last member's header is not whole");
    failed = false;
    ended = true;
  }

  /// A tar cut between two entries looks like an end, so the mark is looked for: two blocks of
  /// zeros, just before where libarchive stopped.
  void require_end_mark(std::uint64_t end) const {
    if (end < data_end + 2 * kBlock || !feed->zero_block(end - 2 * kBlock) ||
        !feed->zero_block(end - kBlock))
      throw Error(Kind::input, cat(name, " is damaged or truncated"))
          .detail("tar: the end-of-archive mark is missing");
  }

  std::string name;
  Format format;  ///< tar, or tar_or_zip for what turned out to be a zip
  Limits limits;
  PeekedSource input;
  std::unique_ptr<Source> plain;
  std::unique_ptr<StreamFeed> feed;  ///< null for a zip
  Fd zip;
  ReadArchive archive;

  bool failed = false, ended = false;
  bool open = false;           ///< an entry may have bytes left
  std::uint64_t left = 0;      ///< of the current file
  std::uint64_t data_end = 0;  ///< where the entry before ended in the stream
  std::uint64_t bytes = 0, entries = 0, names = 0;
  std::string current;
  std::int64_t mtime = 0;
};

Reader::Reader(Source& source, std::string name, Format format, const Limits& limits)
    : state_(std::make_unique<State>(source, std::move(name), format, limits)) {}
Reader::~Reader() = default;

std::optional<Entry> Reader::next() {
  return state_->next();
}
std::int64_t Reader::mtime() const {
  return state_->mtime;
}
Source& Reader::body() {
  return *state_;
}

}  // namespace cullet::archive
