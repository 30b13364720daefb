// SPDX-License-Identifier: Apache-2.0
#include "inside.hpp"

#include <algorithm>

#include "cullet/archive/compression.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/hex.hpp"
#include "cullet/base/text.hpp"

namespace cullet::image {

namespace {

constexpr std::string_view kGzip("\x1f\x8b\x08", 3), kZstd("\x28\xb5\x2f\xfd", 4),
    kXz("\xfd"
        "7zXZ\0",
        6),
    kBzip2("BZh", 3), kZip("PK\x03\x04", 4), kAr("!<arch>\n", 8),
    kElf(
        "\x7f"
        "ELF",
        4);
constexpr std::size_t kTarMagic = 257;
constexpr std::size_t kGzipTime = 4, kGzipSystem = 9, kGzipHeader = 10;
constexpr std::size_t kShown = 72;

bool both(std::string_view a, std::string_view b, std::string_view magic) {
  return a.starts_with(magic) && b.starts_with(magic);
}

bool is_tar(std::string_view bytes) {
  return bytes.size() >= 512 && bytes.substr(kTarMagic, 5) == "ustar";
}

bool is_text(std::string_view bytes) {
  constexpr std::size_t kLooked = std::size_t{64} << 10U;
  const auto head = bytes.substr(0, kLooked);
  return std::none_of(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte != 0x1b) || byte == 0x7f;
  });
}

bool looks_like_json(std::string_view bytes) {
  const auto at = bytes.find_first_not_of(" \t\r\n");
  return at != bytes.npos && (bytes[at] == '{' || bytes[at] == '[');
}

/// CPython's cache of a source file (PEP 552): with flags 0, its time and size follow.
bool is_pyc(std::string_view bytes) {
  return bytes.size() > 16 && bytes.substr(2, 2) == "\r\n" &&
         bytes.substr(4, 4) == std::string_view("\0\0\0\0", 4);
}

std::string beginning(std::string_view bytes) {
  return hex(as_bytes(bytes.substr(0, 16)));
}

}  // namespace

std::string excerpt(std::string_view text) {
  return text.size() > kShown ? printable(text.substr(0, kShown)) + "…" : printable(text);
}

std::string instead(std::string_view first, std::string_view second) {
  // A long text is shown where it differs.
  const auto at = first_difference(first, second);
  const auto from = std::max(first.size(), second.size()) > kShown && at > kShown / 2
                        ? at - kShown / 2
                        : std::size_t{0};
  const auto* const before = from > 0 ? "…" : "";
  return cat("'",
             before,
             excerpt(first.substr(from)),
             "' and '",
             before,
             excerpt(second.substr(std::min(from, second.size()))),
             "'");
}

Finding finding(std::string where, std::string what, Guess guess) {
  guess.because = printable(guess.because);
  return {std::move(where), std::move(what), guess.cause, std::move(guess.because), {}};
}

bool Inside::spend(std::uint64_t bytes) {
  if (bytes <= left_) {
    left_ -= bytes;
    return true;
  }
  const std::string note = "some content was not unpacked: it would be too much";
  if (std::find(notes_.begin(), notes_.end(), note) == notes_.end())
    notes_.push_back(note);
  return false;
}

Inside::Findings Inside::look(std::string_view first, std::string_view second, unsigned depth) {
  if (first == second)
    return {};
  if (depth > options_.depth) {
    notes_.emplace_back("what is nested deeper than that was not looked into");
    return in_bytes(first, second);
  }
  try {
    if (auto found = look_by_kind(first, second, depth); !found.empty())
      return found;
  } catch (const Error& error) {
    if (error.kind() != Kind::input && error.kind() != Kind::refused)
      throw;
    // It only looked like one; its bytes differ all the same.
  }
  return in_bytes(first, second);
}

Inside::Findings Inside::look_by_kind(std::string_view first,
                                      std::string_view second,
                                      unsigned depth) {
  if (both(first, second, kElf))
    return in_elf(first, second);
  if (both(first, second, kAr)) {
    const auto a = ar_members(first), b = ar_members(second);
    return a && b ? in_members(*a, *b, depth) : Findings();
  }
  for (const auto magic : {kGzip, kZstd, kXz, kBzip2})
    if (both(first, second, magic))
      return in_compressed(first, second, depth);
  if (both(first, second, kZip) || (is_tar(first) && is_tar(second))) {
    const auto a = archive_members(first), b = archive_members(second);
    return a && b ? in_members(*a, *b, depth) : Findings();
  }
  if (is_pyc(first) && is_pyc(second) && first.substr(8, 4) != second.substr(8, 4))
    return {finding("compiled Python",
                    "the time of its source",
                    {Cause::time, "the cache of a Python module holds its source's mtime"})};
  if (!is_text(first) || !is_text(second))
    return {};
  if (looks_like_json(first) && looks_like_json(second)) {
    try {
      if (auto found = in_json(first, second); !found.empty())
        return found;
    } catch (const Error&) {
      // Lines of it say enough.
    }
  }
  return in_text(first, second);
}

std::optional<std::string> Inside::decompressed(std::string_view bytes) {
  MemorySource source(bytes);
  const auto unpacked = archive::decompress(source, options_.file_bytes, "it");
  auto out = read_all(*unpacked, options_.file_bytes, "it");
  return spend(out.size()) ? std::optional(std::move(out)) : std::nullopt;
}

Inside::Findings Inside::in_compressed(std::string_view first,
                                       std::string_view second,
                                       unsigned depth) {
  Findings out;
  const bool gzip = first.starts_with(kGzip);
  if (gzip && std::min(first.size(), second.size()) > kGzipHeader) {
    if (first.substr(kGzipTime, 4) != second.substr(kGzipTime, 4)) {
      auto guess =
          guess_from_bytes(first.substr(kGzipTime, 4), second.substr(kGzipTime, 4), options_);
      out.push_back(finding(
          "gzip header",
          "MTIME",
          {Cause::time,
           guess.because.empty() ? "gzip writes down the time of what it packs" : guess.because}));
    }
    if (first.substr(kGzipSystem, 1) != second.substr(kGzipSystem, 1))
      out.push_back(
          finding("gzip header", "OS", {Cause::compressor, "each implementation has its own"}));
  }
  const auto a = decompressed(first), b = decompressed(second);
  if (!a || !b)
    return out;
  if (*a != *b)
    out.push_back({"compressed content", "content", Cause::unknown, {}, look(*a, *b, depth + 1)});
  else if (out.empty())
    out.push_back(
        finding("compression",
                "what is compressed is the same",
                {Cause::compressor, "another version or level packs the same otherwise"}));
  return out;
}

Inside::Findings Inside::in_bytes(std::string_view first, std::string_view second) {
  const auto at = first_difference(first, second);
  std::string what;
  if (first.size() == second.size()) {
    std::size_t count = 0;
    for (std::size_t i = at; i < first.size(); ++i)
      count += first[i] != second[i] ? 1 : 0;
    what = cat(count, count == 1 ? " byte differs" : " bytes differ");
  } else {
    what = cat(human_size(first.size()), " and ", human_size(second.size()));
  }
  return {finding(
      cat("offset ", at),
      cat(what, ", from ", beginning(first.substr(at)), " and ", beginning(second.substr(at))),
      guess_from_bytes(first, second, options_))};
}

std::vector<Finding> explain_bytes(std::string_view first,
                                   std::string_view second,
                                   const DifferenceOptions& options) {
  std::vector<std::string> notes;
  return Inside(options, notes).look(first, second);
}

}  // namespace cullet::image
