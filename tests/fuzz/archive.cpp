// SPDX-License-Identifier: Apache-2.0
// Archives: tar in any compression and zip, unpacked; ar, read.
#include "cullet/archive/reader.hpp"
#include "cullet/store/tree.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

// What an archive may hold by default fits into a tree.
static_assert(archive::Limits{}.path_length == store::kMaxPath);

constexpr archive::Limits kLimits{.bytes = 1U << 20U, .entries = 100, .path_length = 300};

/// Reads every entry to its end.
void read_through(archive::Reader& reader) {
  std::uint64_t bytes = 0, entries = 0;
  while (const auto entry = reader.next()) {
    const auto body = read_all(reader.body(), kLimits.bytes, "the body");
    require(body.size() == entry->size, "a body has the size that its entry says");
    require(entry->path.str().size() <= kLimits.path_length, "paths keep to the limit");
    bytes += body.size();
    ++entries;
  }
  require(bytes <= kLimits.bytes && entries <= kLimits.entries, "archives keep to the limits");
}

/// Unpacks into a directory that has nothing beside it, and captures what came of it.
void unpack(archive::Reader& reader) {
  const TemporaryDirectory around(temporary_parent(), "fuzz-archive");
  const auto root = around.path() / "root";
  make_directories(root);
  const auto directory = open_directory(root);
  const bool whole = accepts([&] { archive::unpack(reader, directory.get()); });
  const auto outer = open_directory(around.path());
  require(list_directory(outer.get(), "around").size() == 1, "nothing is made beside the root");
  if (!whole)
    return;
  // No setuid, no special file, no name too long: a tree can be made of all that was unpacked.
  const auto manifest = store::capture(root, {}, 1, Cancel());
  std::uint64_t bytes = 0;
  for (const auto& entry : manifest.entries())
    bytes += entry.size;
  require(bytes <= kLimits.bytes, "what is on disk keeps to the limit");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto format : {archive::Format::tar_or_zip, archive::Format::ar})
    accepts([&] {
      MemorySource source(text_of(data, size));
      archive::Reader reader(source, "input", format, kLimits);
      read_through(reader);
    });
  accepts([&] {
    MemorySource source(text_of(data, size));
    archive::Reader reader(source, "input", archive::Format::tar_or_zip, kLimits);
    unpack(reader);
  });
  return 0;
}
