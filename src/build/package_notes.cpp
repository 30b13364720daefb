// SPDX-License-Identifier: Apache-2.0
#include "package_notes.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::build {

namespace {

constexpr std::size_t kMostModes = 4;
constexpr std::size_t kMostPackages = 8;

struct ChangedMode {
  std::string path;
  std::uint32_t before, after;
  bool file;
};

/// How telling a change is, the lowest most: a program that no longer gives a right, a secret that
/// others can read, a directory that others can't write to any more.
int rank(const ChangedMode& changed) {
  const auto lost = changed.before & ~changed.after;
  const auto gained = changed.after & ~changed.before;
  if (changed.file && (lost & 06000U) != 0)
    return 0;
  if ((gained & 0077U) != 0)
    return 1;
  return (lost & 07000U) != 0 ? 2 : 3;
}

std::vector<ChangedMode> changed_modes(const Json& packages,
                                       const store::TreeManifest& layer,
                                       const std::map<std::string, std::uint32_t>& declared) {
  std::vector<ChangedMode> changed;
  if (!packages.contains("modes"))
    return changed;
  for (const auto& [path, mode] : packages.at("modes").items()) {
    const auto before = mode.get<std::uint32_t>();
    const auto* entry = layer.find(path);
    if (entry != nullptr && entry->mode != before && declared.count(path) == 0)
      changed.push_back(
          {path, before, entry->mode, entry->type != store::TreeEntryType::directory});
  }
  std::stable_sort(changed.begin(), changed.end(), [](const auto& a, const auto& b) {
    return rank(a) < rank(b);
  });
  return changed;
}

/// The first of them, and how many more there are.
std::string listed(const std::vector<std::string>& all, std::size_t most) {
  if (all.size() <= most)
    return join(all, ", ");
  return cat(join({all.begin(), all.begin() + static_cast<long>(most)}, ", "),
             " and ",
             all.size() - most,
             " more");
}

}  // namespace

std::vector<std::string> package_notes(const Json& packages,
                                       const store::TreeManifest& layer,
                                       const std::map<std::string, std::uint32_t>& declared) {
  std::vector<std::string> notes;
  if (const auto changed = changed_modes(packages, layer, declared); !changed.empty()) {
    std::vector<std::string> texts;
    for (const auto& one : changed)
      texts.push_back(
          cat("/", printable(one.path), " ", octal(one.before), " → ", octal(one.after)));
    notes.push_back(cat("packages lose ",
                        changed.size(),
                        changed.size() == 1 ? " mode: " : " modes: ",
                        listed(texts, kMostModes),
                        "; `modes` of the image sets them"));
  }
  if (!packages.contains("postinst"))
    return notes;
  if (const auto scripts = packages.at("postinst").get<std::vector<std::string>>();
      !scripts.empty())
    notes.push_back(cat("no maintainer script ran: ",
                        listed(scripts, kMostPackages),
                        scripts.size() == 1 ? " has" : " have",
                        " a postinst; what it makes and the image needs goes under `files`, or is "
                        "made by a recipe's steps"));
  return notes;
}

}  // namespace cullet::build
