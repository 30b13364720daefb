// SPDX-License-Identifier: Apache-2.0
#include "stream_feed.hpp"

#include <algorithm>

namespace cullet::archive {

namespace {
constexpr std::uint64_t kBlock = 512;
}  // namespace

StreamFeed::StreamFeed(Source& source) : source_(source) {
  for (auto& chunk : chunks_)
    chunk.bytes.resize(kChunk);
}

int StreamFeed::open(::archive* archive) {
  return archive_read_open(archive, this, nullptr, &StreamFeed::read, nullptr);
}

void StreamFeed::rethrow() const {
  if (failure_)
    std::rethrow_exception(failure_);
}

la_ssize_t StreamFeed::read(::archive* archive, void* self, const void** buffer) {
  auto& feed = *static_cast<StreamFeed*>(self);
  try {
    const auto count = feed.next_chunk();
    *buffer = feed.chunks_[feed.current_].bytes.data();
    return static_cast<la_ssize_t>(count);
  } catch (...) {
    feed.failure_ = std::current_exception();
    archive_set_error(archive, EIO, "the source failed");
    return -1;
  }
}

std::size_t StreamFeed::next_chunk() {
  // The chunk before stays as it is: zero_block() looks into it.
  auto& chunk = chunks_[1 - current_];
  std::size_t size = 0;
  while (size < kChunk) {
    const auto count = source_.read(std::span(chunk.bytes).subspan(size));
    if (count == 0)
      break;
    size += count;
  }
  if (size == 0)
    return 0;
  chunk.offset = offset_;
  chunk.size = size;
  offset_ += size;
  current_ = 1 - current_;
  return size;
}

std::uint64_t StreamFeed::drain(std::uint64_t limit) {
  std::vector<std::byte> buffer(kChunk);
  auto total = offset_;
  while (total <= limit) {
    const auto count = source_.read(buffer);
    if (count == 0)
      break;
    total += count;
  }
  return total;
}

bool StreamFeed::zero_block(std::uint64_t offset) const {
  return std::any_of(chunks_.begin(), chunks_.end(), [&](const Chunk& chunk) {
    if (offset < chunk.offset || offset + kBlock > chunk.offset + chunk.size)
      return false;
    const auto block = Bytes(chunk.bytes).subspan(offset - chunk.offset, kBlock);
    return std::all_of(block.begin(), block.end(), [](std::byte b) { return b == std::byte{0}; });
  });
}

}  // namespace cullet::archive
