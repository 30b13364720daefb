// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/json.hpp"
#include "cullet/image/repository.hpp"

namespace cullet::image {

/// What makes two builds of the same thing differ, told by how their bytes differ.
enum class Cause {
  unknown,
  time,        ///< a clock was read
  path,        ///< the directory of the build was written down
  order,       ///< directory entries, hash tables or threads came in another order
  identifier,  ///< something drawn at random
  processors,  ///< the number of processors or jobs
  host,        ///< the name of the machine, its kernel or its processor
  user,        ///< the account that built: its name, id or umask
  compressor,  ///< another version or level of a compressor: the content is the same
  tool,        ///< another version of a compiler or of another tool
};

/// One thing that differs, and what differs inside of it. All texts are printable().
struct Finding {
  std::string where;  ///< "annotation x", "layer 1 (zlib:lib)", "/usr/lib/libz.a", "section .text"
  std::string what;   ///< how: "1980-01-01 instead of …", "content", "2 bytes from offset 17"
  Cause cause = Cause::unknown;
  std::string because = {};  ///< what speaks for that cause; empty for unknown
  std::vector<Finding> inside = {};

  [[nodiscard]] Json to_json() const;
};

/// How two images differ, from the outside in.
struct DifferenceReport {
  BlobDigest first, second;
  std::vector<Finding> findings;
  /// Layers' compressed bytes differ, and nothing else of the images but what names them: a
  /// container made of either sees the same.
  bool compression_alone = false;
  Cause cause = Cause::unknown;    ///< the most likely of all
  std::string because;             ///< with the place it was seen at; empty for unknown
  std::vector<std::string> notes;  ///< what was left out, and why

  [[nodiscard]] bool equal() const { return first == second; }
  [[nodiscard]] Json to_json() const;
  /// Lines for a person, each ending with a newline.
  [[nodiscard]] std::string text() const;
};

/// What the two were built under, as far as it is known: a value of the one that is found where
/// the other's is tells the cause for certain.
struct BuildMachine {
  std::string host, user;
  std::vector<std::string> paths;
  unsigned processors = 0;  ///< 0: not known
};

/// Bounds on what is looked at; what is beyond them is named as different, and a note says so.
struct DifferenceOptions {
  BuildMachine first, second;
  std::size_t files = 40;   ///< that are looked into
  std::size_t names = 200;  ///< of entries that differ, in each layer
  std::uint64_t file_bytes = std::uint64_t{64} << 20U;
  std::uint64_t bytes = std::uint64_t{256} << 20U;  ///< of all of them, of one image
  unsigned depth = 4;                               ///< archives in archives
  /// Another tool's view of a file that differs (diffoscope), a few lines; may be null or give "".
  std::function<std::string(const std::string& path, Bytes first, Bytes second)> detail;
};

/// Explains by what and (as far as the bytes tell) why two images differ, outside in: manifest,
/// config, layers, files of a layer, sections of an ELF file, members of an archive, what is
/// compressed, lines of a text. Images that are equal give an empty report. Everything read is
/// verified against its digest and taken for hostile otherwise. Throws Kind::input for what is no
/// image and for malformed layers, Kind::refused for other bytes than the digest promises.
DifferenceReport explain_difference(Repository& first_in,
                                    const Descriptor& first,
                                    Repository& second_in,
                                    const Descriptor& second,
                                    const DifferenceOptions& options,
                                    const Cancel& cancel);

/// As explain_difference(), of two files' bytes: what differs inside of them.
std::vector<Finding> explain_bytes(std::string_view first,
                                   std::string_view second,
                                   const DifferenceOptions& options);

}  // namespace cullet::image
