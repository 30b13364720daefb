// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cullet/base/error.hpp"
#include "cullet/store/store.hpp"

#include "lock.hpp"
#include "record.hpp"
#include "state.hpp"

namespace cullet::store {
namespace {

constexpr timespec kNow[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};

}  // namespace

std::optional<ActionRecord> Store::find_action(const Key& key) const {
  const auto path = state_->session->action(key);
  auto record = read_record(path);
  if (!record)
    return std::nullopt;
  for (const auto& digest : record->trees)
    if (!find_tree(digest))
      return std::nullopt;
  for (const auto& digest : record->blobs)
    if (!has_blob(digest))
      return std::nullopt;
  // The kernel's clock; a failure only makes the record look older than it is.
  ::utimensat(AT_FDCWD, path.c_str(), kNow, 0);
  return record;
}

void Store::record_action(const Key& key, const ActionRecord& record) {
  for (const auto& digest : record.trees)
    if (!find_tree(digest))
      throw Error(Kind::internal,
                  cat("an action's record names tree ", digest, ", which is missing"));
  for (const auto& digest : record.blobs)
    if (!has_blob(digest))
      throw Error(Kind::internal,
                  cat("an action's record names blob ", digest, ", which is missing"));
  state_->session->write(state_->session->action(key), write_record(record), Durability::synced);
}

ActionLock Store::lock_action(const Key& key, const Cancel& cancel) const {
  const auto path = state_->session->locks() / key.hex();
  for (;;) {
    auto fd = open_lock(path);
    wait_lock(fd.get(), LOCK_EX, cancel);
    // Otherwise collect() removed the file between its opening and its locking.
    if (is_linked_as(fd.get(), path))
      return ActionLock(std::move(fd));
  }
}

std::optional<Json> Store::latest(std::string_view name) const {
  const auto path = state_->session->latest() / sha256(name).hex();
  auto inputs = read_json(path);
  // Who asks often may never have reason to write it anew; collect() is to see that it is in use.
  if (inputs)
    ::utimensat(AT_FDCWD, path.c_str(), kNow, 0);
  return inputs;
}

void Store::set_latest(std::string_view name, const Json& inputs) {
  // Only ever explains; one that a crash of the machine emptied counts as absent.
  state_->session->write(
      state_->session->latest() / sha256(name).hex(), canonical(inputs), Durability::buffered);
}

}  // namespace cullet::store
