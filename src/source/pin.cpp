// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/base/glob.hpp"
#include "cullet/base/text.hpp"
#include "cullet/source/upstream.hpp"

#include "fetch.hpp"
#include "origin.hpp"

namespace cullet::source {
namespace {

constexpr std::string_view kTags = "refs/tags/";

std::string pin_reference(const git_oid& id) {
  return "refs/cullet/pins/" + hex(id);
}

git_oid pin_id(const workspace::Fork& fork) {
  const auto id = parse_id(fork.commit);
  if (id)
    return *id;
  auto error = Error(Kind::input, cat("the pin '", printable(fork.commit), "' is no commit id"));
  if (fork.commit.size() == 64)
    throw std::move(error).detail("SHA-256 repositories can't be read: libgit2 can't");
  throw std::move(error).hint("give all 40 hexadecimal digits, in lower case");
}

}  // namespace

PinInfo info_of(const Commit& commit) {
  return {hex(*git_commit_id(commit.get())), git_commit_time(commit.get())};
}

namespace {

/// What was seen to be reachable once stays good: no lock, no network.
std::optional<PinInfo> recorded(const Mirror& mirror, const git_oid& pin) {
  if (!mirror.exists() || !mirror.references().contains(pin_reference(pin)))
    return std::nullopt;
  const auto repository = mirror.open();
  const auto commit = find_commit(repository.get(), pin);
  return commit ? std::optional(info_of(commit)) : std::nullopt;
}

std::optional<PinInfo> record(const Mirror& mirror, const Mirror::Lock& lock, const git_oid& pin) {
  const auto repository = mirror.open();
  const auto commit = find_commit(repository.get(), pin);
  auto references = mirror.references();
  if (!commit || !is_reachable(repository.get(), references, pin, own_references()))
    return std::nullopt;
  references[pin_reference(pin)] = pin;
  lock.write(references);
  return info_of(commit);
}

struct Tag {
  std::string name;
  git_oid commit;
  std::int64_t time = 0;
};

std::vector<Tag> tags_of(git_repository* repository, const References& references) {
  std::vector<Tag> tags;
  for (const auto& [name, id] : references) {
    if (!name.starts_with(kTags))
      continue;
    if (const auto commit = peeled_commit(repository, id))
      tags.push_back(
          {name.substr(kTags.size()), *git_commit_id(commit.get()), git_commit_time(commit.get())});
  }
  return tags;
}

/// The tag that the user most likely means: of the pin's version, else the newest that is tracked.
std::optional<Tag> nearest_tag(const std::vector<Tag>& tags, const workspace::Fork& fork) {
  const auto ends_with_version = [&](const Tag& tag) {
    if (fork.version.empty() || !tag.name.ends_with(fork.version))
      return false;
    const auto before = tag.name.size() - fork.version.size();
    return before == 0 || (tag.name[before - 1] < '0' || tag.name[before - 1] > '9');
  };
  if (const auto found = std::find_if(tags.begin(), tags.end(), ends_with_version);
      found != tags.end())
    return *found;
  const auto pattern = fork.track.find("tags");
  std::optional<Tag> newest;
  for (const auto& tag : tags) {
    if (pattern != fork.track.end() && !Glob(pattern->second).matches(tag.name))
      continue;
    if (!newest || tag.time > newest->time)
      newest = tag;
  }
  return newest;
}

/// Says why the mirror, now up to date, has no such pin.
Error no_pin(const Mirror& mirror, const workspace::Fork& fork, const git_oid& pin) {
  mirror.demand_whole();
  const auto repository = mirror.open();
  const auto references = mirror.references();
  const auto tags = tags_of(repository.get(), references);
  auto error = Error(Kind::input, cat("fork '", fork.name, "' has no commit ", fork.commit));
  Object object;
  if (git_object_lookup(out_ptr(object), repository.get(), &pin, GIT_OBJECT_ANY) == 0) {
    const auto type = git_object_type(object.get());
    if (type == GIT_OBJECT_COMMIT) {
      error = Error(
          Kind::input,
          cat("the pin ", fork.commit, " of fork '", fork.name, "' is on no branch and no tag"));
      error.detail("the commit exists, but nothing that the fork has now leads to it");
    } else {
      error = Error(Kind::input,
                    cat("the pin ",
                        fork.commit,
                        " of fork '",
                        fork.name,
                        "' is a ",
                        git_object_type2string(type),
                        ", not a commit"));
      if (const auto commit = peeled_commit(repository.get(), pin))
        return std::move(error)
            .detail(cat("it leads to commit ", hex(*git_commit_id(commit.get()))))
            .hint("put that commit in as the pin");
      return error;
    }
  }
  if (const auto tag = nearest_tag(tags, fork))
    return std::move(error)
        .detail(cat("tag ", printable(tag->name), " is at ", hex(tag->commit)))
        .hint("pin a commit that a branch or tag of the fork leads to");
  return std::move(error).detail(references.empty() ? "it has no branches and no tags"
                                                    : "it has no tags");
}

Error other_import(const workspace::Fork& fork, const git_oid& got) {
  return Error(Kind::input, cat("the import of fork '", fork.name, "' is not its pin"))
      .detail(cat("the archive ", fork.import->name, " gives commit ", hex(got)))
      .detail(cat("the pin is ", fork.commit))
      .hint(cat("put commit ", hex(got), " in as the pin, if the archive is the right one"));
}

}  // namespace

Origin origin_of(const workspace::Fork& fork) {
  if (!fork.url.empty())
    return {false, fork.url};
  if (fork.import)
    return {true, ""};
  if (!fork.upstream.empty())
    return {false, fork.upstream};
  throw Error(Kind::input, cat("fork '", fork.name, "' has neither 'url' nor 'import'"));
}

Mirror mirror_of(const Context& context, const workspace::Fork& fork) {
  const auto origin = origin_of(fork);
  if (origin.imported)
    return import_mirror_of(context, fork);
  // A relative path means another repository in another workspace.
  const bool path = origin.url.find(':') == std::string::npos;
  const auto url = path ? (context.workspace / origin.url).lexically_normal().string() : origin.url;
  return {context, fork.name, cat("git ", url)};
}

Mirror import_mirror_of(const Context& context, const workspace::Fork& fork) {
  return {context, fork.name, cat("import ", fork.import.value().sha256.hex())};
}

const std::vector<std::string>& own_references() {
  static const std::vector<std::string> prefixes = {"refs/heads/", "refs/tags/"};
  return prefixes;
}

PinInfo ensure_pin(const Context& context, const workspace::Fork& fork) {
  return with_context([&] { return cat("looking for the pin of fork '", fork.name, "'"); },
                      [&] {
                        const auto pin = pin_id(fork);
                        const auto origin = origin_of(fork);
                        const auto mirror = mirror_of(context, fork);
                        if (const auto info = recorded(mirror, pin))
                          return *info;
                        const auto lock = mirror.lock();
                        if (const auto info = record(mirror, lock, pin))
                          return *info;
                        if (origin.imported) {
                          const auto got = import_locked(context, fork, mirror, lock);
                          if (git_oid_equal(&got, &pin) == 0)
                            throw other_import(fork, got);
                        } else {
                          fetch(context, mirror, lock, {origin.url, "refs/", fork.name, pin});
                        }
                        if (const auto info = record(mirror, lock, pin))
                          return *info;
                        throw no_pin(mirror, fork, pin);
                      });
}

std::optional<PinInfo> find_pin(const Context& context, const workspace::Fork& fork) {
  const auto pin = pin_id(fork);
  const auto mirror = mirror_of(context, fork);
  if (!mirror.exists())
    return std::nullopt;
  const auto known = recorded(mirror, pin);
  return known ? known : record(mirror, mirror.lock(), pin);
}

PinInfo ensure_candidate(const Context& context, const workspace::Fork& fork) {
  const auto pin = pin_id(fork);
  const auto mirror = mirror_of(context, fork);
  if (mirror.exists()) {
    const auto repository = mirror.open();
    const auto commit = find_commit(repository.get(), pin);
    // It is not recorded: it is no pin yet.
    if (commit && is_reachable(repository.get(), mirror.references(), pin, {"refs/upstream/"}))
      return info_of(commit);
  }
  return ensure_pin(context, fork);
}

void sync_locked(const Context& context,
                 const workspace::Fork& fork,
                 const Mirror& mirror,
                 const Mirror::Lock& lock) {
  const auto origin = origin_of(fork);
  if (!origin.imported)
    fetch(context, mirror, lock, {origin.url, "refs/", fork.name, std::nullopt});
  if (!fork.upstream.empty() && fork.upstream != origin.url)
    fetch(context,
          mirror,
          lock,
          {fork.upstream, "refs/upstream/", cat(fork.name, " (upstream)"), std::nullopt});
}

void sync(const Context& context, const workspace::Fork& fork) {
  with_context([&] { return cat("syncing fork '", fork.name, "'"); },
               [&] {
                 const auto mirror = mirror_of(context, fork);
                 const auto lock = mirror.lock();
                 sync_locked(context, fork, mirror, lock);
               });
}

}  // namespace cullet::source
