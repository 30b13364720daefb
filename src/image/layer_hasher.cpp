// SPDX-License-Identifier: Apache-2.0
#include "layer_hasher.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::image {

LayerHasher::LayerHasher(Implementation implementation) : hashes_(sha256_pair(implementation)) {}

void LayerHasher::expect(std::uint64_t offset, const store::TreeEntry& entry) {
  const std::lock_guard lock(mutex_);
  expected_.push_back({offset, &entry});
}

std::optional<LayerHasher::Expected> LayerHasher::next_expected() {
  const std::lock_guard lock(mutex_);
  if (expected_.empty())
    return std::nullopt;
  const auto next = expected_.front();
  expected_.pop_front();
  return next;
}

void LayerHasher::write(Bytes bytes) {
  while (!bytes.empty())
    bytes = bytes.subspan(left_ > 0 ? write_file(bytes) : write_between(bytes));
}

std::size_t LayerHasher::write_between(Bytes bytes) {
  if (!current_)
    current_ = next_expected();
  const auto room = current_ ? current_->offset - position_ : bytes.size();
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size()));
  hashes_->write(bytes.first(count));
  position_ += count;
  if (current_ && position_ == current_->offset) {
    hashes_->begin_part();
    left_ = current_->entry->size;
  }
  return count;
}

std::size_t LayerHasher::write_file(Bytes bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  hashes_->write(bytes.first(count));
  position_ += count;
  left_ -= count;
  if (left_ > 0)
    return count;
  const auto& entry = *current_->entry;
  if (const auto got = hashes_->end_part(); got != entry.content)
    throw Error(Kind::refused,
                cat("'",
                    printable(entry.path.str()),
                    "' of the store's tree hashes to ",
                    got,
                    ", not to ",
                    entry.content))
        .hint("run `cullet store check --repair`, then build again");
  current_.reset();
  return count;
}

DiffId LayerHasher::finish() {
  return DiffId(hashes_->finish());
}

}  // namespace cullet::image
