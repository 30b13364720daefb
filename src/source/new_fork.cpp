// SPDX-License-Identifier: Apache-2.0
#include "cullet/source/new_fork.hpp"

#include "origin.hpp"
#include "track.hpp"

namespace cullet::source {

std::string tags_to_track(const Context& context, const workspace::Fork& fork) {
  const auto mirror = mirror_of(context, fork);
  const auto repository = mirror.open();
  Advertised ours;
  for (const auto& [name, id] : mirror.references())
    if (const auto commit = peeled_commit(repository.get(), id);
        commit && name.starts_with("refs/tags/")) {
      ours.references[name] = id;
      ours.commits[name] = *git_commit_id(commit.get());
    }
  const auto kinds = kinds_of_tag(fork, ours);
  return kinds.size() == 1 ? kinds.front() : "";
}

void forget_unpinned(const Context& context, const workspace::Fork& fork) {
  const auto mirror = mirror_of(context, fork);
  if (!mirror.exists())
    return;
  const auto lock = mirror.lock();
  for (const auto& [name, id] : mirror.references())
    if (name.starts_with("refs/cullet/pins/"))
      return;
  lock.remove();
}

}  // namespace cullet::source
