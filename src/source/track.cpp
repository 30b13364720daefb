// SPDX-License-Identifier: Apache-2.0
#include "track.hpp"

#include <algorithm>

#include "cullet/base/glob.hpp"
#include "cullet/base/text.hpp"
#include "cullet/source/version.hpp"

#include "location.hpp"

namespace cullet::source {
namespace {

constexpr std::string_view kTags = "refs/tags/";
constexpr std::string_view kHeads = "refs/heads/";
constexpr std::size_t kShown = 5;

struct Tagged {
  std::string name;
  Version version;
};

/// The text of a pattern before its first wildcard; empty without `track`.
std::string prefix_of(const workspace::Fork& fork) {
  const auto rule = fork.track.find("tags");
  return rule == fork.track.end() ? std::string()
                                  : rule->second.substr(0, rule->second.find_first_of("*?["));
}

std::vector<std::string> names(const References& references, std::string_view below) {
  std::vector<std::string> out;
  for (const auto& [name, id] : references)
    if (name.starts_with(below))
      out.push_back(name.substr(below.size()));
  return out;
}

git_oid commit_of(const Advertised& theirs, const std::string& reference) {
  const auto peeled = theirs.commits.find(reference);
  return peeled != theirs.commits.end() ? peeled->second : theirs.references.at(reference);
}

/// What the fork follows. Projects have had several kinds of tags, "release-120715" beside
/// "v1.12.1": numbers of one kind say nothing about those of another, so that without `track` those
/// of the pin's kind count, where it has a tag.
std::vector<std::string> rules_of(const workspace::Fork& fork, const Advertised& theirs) {
  if (const auto rule = fork.track.find("tags"); rule != fork.track.end())
    return {rule->second};
  const auto kinds = kinds_of_tag(fork, theirs);
  return kinds.empty() ? std::vector<std::string>{"*"} : kinds;
}

Error nothing(const workspace::Fork& fork, std::string what, std::vector<std::string> have) {
  Error error(Kind::input, std::move(what));
  const auto count = have.size();
  if (count > kShown)
    have.erase(have.begin(), have.end() - kShown);
  error.detail(have.empty() ? "it has none at all"
                            : printable(cat("it has ",
                                            count > kShown ? cat(count, ", such as ") : "",
                                            join(have, ", "))));
  return std::move(error).hint(
      cat("say in ", fork.at.file, " what to follow: track: { tags: 'v*' } or { branch: main }"));
}

Followed follow_branch(const workspace::Fork& fork,
                       const Advertised& theirs,
                       const std::string& branch) {
  Followed followed;
  followed.rule = "branch " + branch;
  followed.reference = cat(kHeads, branch);
  if (!theirs.references.contains(followed.reference)) {
    const auto have = names(theirs.references, kHeads);
    auto error =
        nothing(fork, cat(shown(fork.upstream), " has no branch '", printable(branch), "'"), have);
    if (const auto near = nearest(branch, have))
      error.hint(cat("did you mean '", printable(*near), "'?"));
    throw std::move(error);
  }
  followed.newest = {false, branch, hex(commit_of(theirs, followed.reference)), ""};
  return followed;
}

void note_the_pin_s_tag(const workspace::Fork& fork,
                        const Advertised& theirs,
                        const std::vector<Tagged>& tags,
                        Followed& followed) {
  const auto pinned = Version::parse(fork.version, prefix_of(fork));
  if (!pinned)
    return;
  const Tagged* own = nullptr;
  for (const auto& tag : tags)
    if (tag.version == *pinned)
      own = &tag;
  if (own == nullptr)
    followed.notes.push_back(cat("upstream has no tag of the pin's version ",
                                 fork.version,
                                 ": it was deleted, or never made"));
  else if (!fork.import && hex(commit_of(theirs, cat(kTags, own->name))) != fork.commit)
    followed.notes.push_back(cat("tag ",
                                 printable(own->name),
                                 " is at ",
                                 short_id(hex(commit_of(theirs, cat(kTags, own->name)))),
                                 ", not at the pin"));
}

Followed follow_tags(const workspace::Fork& fork, const Advertised& theirs) {
  Followed followed;
  const auto rules = rules_of(fork, theirs);
  const auto rule = join(rules, " ");
  followed.rule = "tags " + rule;
  const std::vector<Glob> globs(rules.begin(), rules.end());
  std::vector<Tagged> tags;
  std::size_t matching = 0;
  for (const auto& name : names(theirs.references, kTags)) {
    if (std::none_of(
            globs.begin(), globs.end(), [&](const Glob& glob) { return glob.matches(name); }))
      continue;
    ++matching;
    if (auto version = Version::parse(name, prefix_of(fork)))
      tags.push_back({name, std::move(*version)});
  }
  if (tags.empty())
    throw nothing(fork,
                  matching > 0
                      ? cat("none of the ",
                            matching,
                            " tags of ",
                            shown(fork.upstream),
                            " that match '",
                            printable(rule),
                            "' is a version")
                      : cat("no tag of ", shown(fork.upstream), " matches '", printable(rule), "'"),
                  names(theirs.references, kTags));
  const auto pinned = Version::parse(fork.version, prefix_of(fork));
  const bool any = pinned && pinned->prerelease();
  const Tagged* newest = nullptr;
  const Tagged* highest = nullptr;
  for (const auto& tag : tags) {
    if (highest == nullptr || highest->version < tag.version)
      highest = &tag;
    if ((any || !tag.version.prerelease()) && (newest == nullptr || newest->version < tag.version))
      newest = &tag;
  }
  if (newest == nullptr)
    newest = highest;
  else if (highest->version.prerelease() && newest->version < highest->version)
    followed.notes.push_back(cat("there is a pre-release ", printable(highest->name)));
  followed.reference = cat(kTags, newest->name);
  followed.newest = {
      true, newest->name, hex(commit_of(theirs, followed.reference)), newest->version.str()};
  note_the_pin_s_tag(fork, theirs, tags, followed);
  return followed;
}

}  // namespace

std::vector<std::string> kinds_of_tag(const workspace::Fork& fork, const Advertised& theirs) {
  const auto pinned = Version::parse(fork.version);
  std::vector<std::string> kinds;
  for (const auto& name : names(theirs.references, kTags)) {
    const auto version = Version::parse(name);
    if (!version ||
        !(pinned ? *version == *pinned : hex(commit_of(theirs, cat(kTags, name))) == fork.commit))
      continue;
    const auto kind = cat(name.substr(0, name.size() - version->str().size()), "[0-9]*");
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
      kinds.push_back(kind);
  }
  return kinds;
}

Followed follow(const workspace::Fork& fork, const Advertised& theirs) {
  const auto branch = fork.track.find("branch");
  return branch == fork.track.end() ? follow_tags(fork, theirs)
                                    : follow_branch(fork, theirs, branch->second);
}

std::string version_of(const workspace::Fork& fork, const std::string& tag) {
  const auto version = Version::parse(tag, prefix_of(fork));
  return version ? version->str() : "";
}

}  // namespace cullet::source
