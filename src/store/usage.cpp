// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "cullet/base/file.hpp"
#include "cullet/store/mirrors.hpp"

#include "listing.hpp"
#include "state.hpp"

namespace cullet::store {

StoreUsage Store::usage(const Cancel& cancel) const {
  const auto& session = *state_->session;
  StoreUsage usage;

  for (const auto& item : list_sharded(session.blobs())) {
    struct stat status {};
    if (!item.digest || ::lstat(item.path.c_str(), &status) != 0)
      continue;
    ++usage.blobs;
    usage.blob_bytes += static_cast<std::uint64_t>(status.st_size);
  }

  DiskUse trees;  // one for all: parts share files with the tree that they are of
  for (const auto& item : list_flat(session.trees())) {
    if (!item.digest)
      continue;
    ++usage.trees;
    trees.add(item.path, cancel);
  }
  usage.tree_bytes = trees.bytes();

  for (const auto& item : list_sharded(session.actions()))
    usage.actions += item.digest ? 1U : 0U;

  DiskUse temporary;
  temporary.add(session.temporary(), cancel);
  usage.temporary_bytes = temporary.bytes();
  return usage;
}

MirrorUsage mirror_usage(const Store& store, const Cancel& cancel) {
  const auto forks = store.forks_directory();
  MirrorUsage usage;
  for (const auto& name : list_directory(open_directory(forks).get(), forks.string()))
    usage.mirrors += name.ends_with(".git") ? 1U : 0U;
  DiskUse use;
  use.add(forks, cancel);
  usage.bytes = use.bytes();
  return usage;
}

}  // namespace cullet::store
