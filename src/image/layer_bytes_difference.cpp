// SPDX-License-Identifier: Apache-2.0
#include "layer_bytes_difference.hpp"

#include <algorithm>
#include <span>

#include "cullet/archive/compression.hpp"
#include "cullet/archive/reader.hpp"
#include "cullet/base/error.hpp"

namespace cullet::image {

namespace {

/// The field of a tar header (POSIX, ustar) that a byte of it is in.
std::string_view header_field(std::size_t at) {
  constexpr std::pair<std::size_t, std::string_view> kEnds[] = {{100, "name"},
                                                                {108, "mode"},
                                                                {116, "owner"},
                                                                {124, "group"},
                                                                {136, "size"},
                                                                {148, "mtime"},
                                                                {156, "checksum"},
                                                                {157, "type"},
                                                                {257, "link"},
                                                                {265, "magic"},
                                                                {297, "name of owner"},
                                                                {329, "name of group"},
                                                                {345, "device"},
                                                                {500, "prefix"},
                                                                {512, "padding"}};
  for (const auto& [end, name] : kEnds)
    if (at < end)
      return name;
  return "padding";
}

std::unique_ptr<Source> plain_bytes(Source& blob, const Descriptor& layer) {
  return archive::decompress(blob, archive::Limits().bytes, cat("layer ", layer.digest));
}

/// Fills `into` unless the source ends.
std::size_t read_fully(Source& from, std::span<std::byte> into) {
  std::size_t count = 0;
  while (count < into.size()) {
    const auto more = from.read(into.subspan(count));
    if (more == 0)
      break;
    count += more;
  }
  return count;
}

}  // namespace

Finding header_difference(const LayerPair& layers, const Cancel& cancel) {
  const auto blob_a = layers.first_in.open_blob(layers.first);
  const auto blob_b = layers.second_in.open_blob(layers.second);
  const auto a = plain_bytes(*blob_a, layers.first), b = plain_bytes(*blob_b, layers.second);
  std::vector<std::byte> first(std::size_t{256} << 10U), second(first.size());
  for (std::uint64_t offset = 0;;) {
    cancel.check();
    const auto one = read_fully(*a, first), other = read_fully(*b, second);
    const auto at = first_difference(as_text({first.data(), one}), as_text({second.data(), other}));
    if (at < std::min(one, other)) {
      const auto field = header_field((offset + at) % 512);
      const bool names = field.starts_with("name of");
      return finding(cat("tar header at byte ", (offset + at) / 512 * 512),
                     cat("its field '", field, "' differs, and no entry does to a reader"),
                     {names ? Cause::user : Cause::unknown, names ? "the name of an account" : ""});
    }
    if (one != other || one == 0)
      return finding("end of the tar",
                     "one is longer than the other",
                     {Cause::tool, "tar programs pad to blocks of their own"});
    offset += one;
  }
}

Finding compression_difference(const LayerPair& layers) {
  const auto head = [&](Repository& in, const Descriptor& layer) {
    const auto blob = in.open_blob(layer);
    std::string bytes(16, '\0');
    bytes.resize(read_fully(*blob, std::as_writable_bytes(std::span(bytes))));
    return bytes;
  };
  const auto first = head(layers.first_in, layers.first);
  const auto second = head(layers.second_in, layers.second);
  constexpr std::string_view kGzip = "\x1f\x8b";
  if (first.starts_with(kGzip) && second.starts_with(kGzip) &&
      first.substr(4, 4) != second.substr(4, 4))
    return finding("compression",
                   "MTIME of the gzip header; the content is the same",
                   {Cause::time, "the compressor wrote down the time"});
  return finding("compression",
                 cat("the content is the same; compressed it is ",
                     layers.first.size,
                     " and ",
                     layers.second.size,
                     " bytes"),
                 {Cause::compressor, "another version or level packs the same otherwise"});
}

}  // namespace cullet::image
