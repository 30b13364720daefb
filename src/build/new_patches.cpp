// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/new_patches.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "cullet/base/text.hpp"
#include "cullet/plan/affected.hpp"
#include "cullet/plan/carried.hpp"

namespace cullet::build {

namespace {

/// Fork and digest of each patch. What another tool wrote into the annotation counts as nothing.
std::set<std::pair<std::string, std::string>> patches_of(const image::Manifest& manifest) {
  std::set<std::pair<std::string, std::string>> out;
  const auto annotation = manifest.annotations.find(std::string(plan::kPatchesAnnotation));
  if (annotation == manifest.annotations.end())
    return out;
  const auto list = Json::parse(annotation->second, nullptr, false);
  if (!list.is_array())
    return out;
  for (const auto& patch : list)
    if (patch.is_object() && patch.contains("fork") && patch["fork"].is_string() &&
        patch.contains("sha256") && patch["sha256"].is_string())
      out.emplace(patch["fork"].get<std::string>(), patch["sha256"].get<std::string>());
  return out;
}

void add(std::vector<plan::Affected::Entry> from, std::vector<plan::Affected::Entry>& to) {
  for (auto& entry : from)
    if (std::none_of(
            to.begin(), to.end(), [&](const auto& one) { return one.recipe == entry.recipe; }))
      to.push_back(std::move(entry));
}

}  // namespace

std::optional<ChangeScope> scope_of_new_patches(const workspace::Workspace& workspace,
                                                const environment::Lock& lock,
                                                const image::Manifest& before,
                                                const image::Manifest& after,
                                                const std::vector<Glob>& allowed) {
  const auto there = patches_of(before);
  std::set<std::string> forks;
  for (const auto& [fork, digest] : patches_of(after))
    if (!there.contains({fork, digest}))
      forks.insert(fork);
  if (forks.empty())
    return std::nullopt;
  ChangeScope scope;
  scope.allowed = allowed;
  for (const auto& fork : forks) {
    auto reached = plan::affected(workspace, lock, "fork:" + fork);
    add(std::move(reached.components), scope.because.components);
    add(std::move(reached.images), scope.because.images);
  }
  scope.because.name = join(std::vector<std::string>(forks.begin(), forks.end()), ", ");
  return scope;
}

}  // namespace cullet::build
