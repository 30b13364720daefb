// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "cullet/base/digest.hpp"
#include "cullet/store/tree.hpp"

#include "sha256_pair.hpp"

namespace cullet::image {

/// Takes a layer's tar: computes its diffID and holds the files in it against the tree's manifest.
/// Written to by one thread, while another announces what is to come.
class LayerHasher final : public Sink {
 public:
  explicit LayerHasher(Implementation implementation = Implementation::best);

  /// The content of `entry`, a file that isn't empty, follows at `offset` of the tar. In ascending
  /// order, and before those bytes are written; from any one thread. `entry` must outlive this.
  void expect(std::uint64_t offset, const store::TreeEntry& entry);
  /// Throws Kind::refused when a file ends whose bytes are others than its entry says.
  void write(Bytes bytes) override;
  [[nodiscard]] DiffId finish();

 private:
  struct Expected {
    std::uint64_t offset;
    const store::TreeEntry* entry;
  };
  [[nodiscard]] std::optional<Expected> next_expected();
  std::size_t write_between(Bytes bytes);
  std::size_t write_file(Bytes bytes);

  std::unique_ptr<Sha256Pair> hashes_;
  std::uint64_t position_ = 0;
  std::optional<Expected> current_;  ///< the file that `position_` is in, or the next one
  std::uint64_t left_ = 0;           ///< of the file that it is in

  std::mutex mutex_;
  std::deque<Expected> expected_;
};

}  // namespace cullet::image
