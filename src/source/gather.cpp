// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "archive_origin.hpp"
#include "history.hpp"
#include "origin.hpp"
#include "prepare.hpp"

namespace cullet::source {

std::vector<workspace::Archive> archives_of(const workspace::Fork& fork) {
  std::vector<workspace::Archive> archives;
  const auto add = [&](const workspace::Archive& archive) {
    if (std::none_of(archives.begin(), archives.end(), [&](const auto& other) {
          return other.sha256 == archive.sha256;
        }))
      archives.push_back(archive);
  };
  if (origin_of(fork).imported)
    add(fork.import.value());
  for (const auto& patch : fork.patches)
    if (const auto* member = std::get_if<workspace::Patch::Member>(&patch.from))
      add(member->archive);
  return archives;
}

PinInfo ensure_source(const Context& context, const workspace::Fork& fork) {
  const auto pin = parse_id(fork.commit);
  if (!pin || origin_of(fork).imported)
    return ensure_pin(context, fork);
  if (const auto info = find_pin(context, fork))
    return *info;
  if (const auto kept = restored_or_kept(context, *pin, false))
    return info_of(find_commit(kept.get(), *pin));
  return ensure_pin(context, fork);
}

std::vector<SourceCommit> gather(const Context& context, const workspace::Fork& fork) {
  return with_context(cat("gathering the source of fork '", fork.name, "'"), [&] {
    std::vector<SourceCommit> commits;
    for (const auto& archive : archives_of(fork))
      find_archive(context, archive);
    const auto pin = parse_id(ensure_source(context, fork).commit);
    const auto mirror = mirror_of(context, fork);
    const auto repository = repository_of(context, mirror, pin.value());
    if (!repository)
      throw Error(Kind::internal, "the pin is not where it was found");
    commit_tree(context, fork, mirror, *pin, &commits);
    for (auto& submodule : commits)
      submodule.name = cat("fork ", fork.name, ": submodule ", submodule.name);
    if (!origin_of(fork).imported)
      commits.push_back(
          {hex(*pin), false, cat("fork ", fork.name), git_repository_path(repository.get())});
    for (const auto& patch : fork.patches) {
      read_patch(context, fork, patch);
      const auto* commit = std::get_if<workspace::Patch::Commit>(&patch.from);
      if (commit == nullptr)
        continue;
      const auto found = find_change(context, fork, commit->id);
      commits.push_back({commit->id,
                         true,
                         cat("fork ", fork.name, ": patch ", commit->id),
                         git_repository_path(found.repository.get())});
    }
    std::sort(commits.begin(), commits.end(), [](const auto& a, const auto& b) {
      return std::tie(a.name, a.commit) < std::tie(b.name, b.commit);
    });
    return commits;
  });
}

}  // namespace cullet::source
