// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "cullet/archive/reader.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

#include "archive_origin.hpp"
#include "origin.hpp"

namespace cullet::source {
namespace {

constexpr std::uint64_t kMaxPatch = std::uint64_t{64} << 20U;

std::string read_file_patch(const Context& context, const workspace::Patch::File& file) {
  const auto forks = open_directory(context.workspace / "forks");
  const auto fd = open_beneath(forks.get(), file.path, O_RDONLY, true);
  if (!fd)
    throw Error(Kind::input, cat("there is no patch ", file.path, " in forks/"));
  FdSource source(fd->get(), file.path);
  return read_all(source, kMaxPatch, cat("patch ", file.path));
}

std::string read_member(const Context& context, const workspace::Patch::Member& member) {
  const auto blob = find_archive(context, member.archive);
  const auto fd = context.store.open_blob(blob);
  FdSource source(fd.get(), member.archive.name);
  archive::Reader reader(source, member.archive.name, archive::Format::tar_or_zip);
  std::vector<std::string> others;
  while (const auto entry = reader.next()) {
    context.cancel.check();
    if (entry->path.str() == member.path && entry->type == archive::EntryType::file)
      return read_all(reader.body(), kMaxPatch, cat("patch ", member.path));
    if (entry->type == archive::EntryType::file && others.size() < 1000)
      others.push_back(entry->path.str());
  }
  auto error =
      Error(Kind::input, cat("the archive ", member.archive.name, " has no file ", member.path));
  if (const auto near = nearest(member.path, others))
    error.hint(cat("did you mean '", printable(*near), "'?"));
  throw error;
}

/// The commit, fetched with what `cullet fork sync` gets if it isn't there.
std::pair<Repository, Commit> find_in_history(const Context& context,
                                              const workspace::Fork& fork,
                                              const git_oid& id) {
  const auto mirror = mirror_of(context, fork);
  const auto look = [&]() -> std::pair<Repository, Commit> {
    if (!mirror.exists())
      return {};
    auto repository = mirror.open();
    auto commit = find_commit(repository.get(), id);
    return {std::move(repository), std::move(commit)};
  };
  auto found = look();
  if (found.second)
    return found;
  const auto lock = mirror.lock();
  found = look();
  if (found.second)
    return found;
  sync_locked(context, fork, mirror, lock);
  found = look();
  if (found.second)
    return found;
  throw Error(Kind::input, cat("fork '", fork.name, "' has no commit ", hex(id), " in its history"))
      .hint("name a commit that a branch or tag of the fork or of its upstream leads to");
}

/// What a commit changes, as git shows it; every option that reaches a byte is given.
std::string read_commit(const Context& context,
                        const workspace::Fork& fork,
                        const workspace::Patch::Commit& from) {
  const auto id = parse_id(from.id);
  if (!id)
    throw Error(Kind::input, cat("'", printable(from.id), "' is no commit id"))
        .hint("give all 40 hexadecimal digits, in lower case");
  const auto [repository, commit] = find_in_history(context, fork, *id);
  if (git_commit_parentcount(commit.get()) > 1)
    throw Error(Kind::input, cat("commit ", from.id, " is a merge, which is no single change"))
        .hint("name the commits that it merged, each as a patch of its own");
  const auto doing = cat("read commit ", from.id);
  GitTree after, before;
  check(git_commit_tree(out_ptr(after), commit.get()), doing);
  if (git_commit_parentcount(commit.get()) == 1) {
    Commit parent;
    check(git_commit_parent(out_ptr(parent), commit.get(), 0), doing);
    check(git_commit_tree(out_ptr(before), parent.get()), doing);
  }
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_SHOW_BINARY;
  options.context_lines = 3;
  options.interhunk_lines = 0;
  options.id_abbrev = GIT_OID_HEXSZ;
  options.max_size = -1;
  options.old_prefix = "a";
  options.new_prefix = "b";
  Diff diff;
  check(git_diff_tree_to_tree(out_ptr(diff), repository.get(), before.get(), after.get(), &options),
        doing);
  Buffer text;
  check(git_diff_to_buf(text.get(), diff.get(), GIT_DIFF_FORMAT_PATCH), doing);
  if (text.text().size() > kMaxPatch)
    throw Error(Kind::input, cat("commit ", from.id, " changes more than ", human_size(kMaxPatch)));
  return std::string(text.text());
}

}  // namespace

PatchContent read_patch(const Context& context,
                        const workspace::Fork& fork,
                        const workspace::Patch& patch) {
  return with_context(
      [&] { return cat("reading patch ", patch.name(), " of fork '", fork.name, "'"); },
      [&] {
        std::string text;
        if (const auto* file = std::get_if<workspace::Patch::File>(&patch.from))
          text = read_file_patch(context, *file);
        else if (const auto* commit = std::get_if<workspace::Patch::Commit>(&patch.from))
          text = read_commit(context, fork, *commit);
        else
          text = read_member(context, std::get<workspace::Patch::Member>(patch.from));
        const auto digest = sha256(text);
        if (patch.sha256 && digest != *patch.sha256)
          throw Error(
              Kind::refused,
              cat("patch ", patch.name(), " is not the one that ", patch.at.str(), " names"))
              .detail(cat("wanted: ", *patch.sha256))
              .detail(cat("found:  ", digest))
              .hint("if the change is meant, put the digest that was found in as its `sha256`");
        return PatchContent{std::move(text), digest};
      });
}

}  // namespace cullet::source
