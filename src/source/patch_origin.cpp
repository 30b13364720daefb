// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "cullet/archive/reader.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/workspace/patch_digest.hpp"

#include "archive_origin.hpp"
#include "history.hpp"
#include "tree_diff.hpp"

namespace cullet::source {

std::string read_patch_file(const std::filesystem::path& workspace, const std::string& path) {
  const auto forks = open_directory(workspace / "forks");
  const auto fd = open_beneath(forks.get(), path, O_RDONLY, true);
  if (!fd)
    throw Error(Kind::input, cat("there is no patch ", path, " in forks/"));
  FdSource source(fd->get(), path);
  return read_all(source, kMaxPatch, cat("patch ", path));
}

namespace {

std::string read_file_patch(const Context& context, const workspace::Patch::File& file) {
  const auto tried = context.unwritten.find(file.path);
  return tried != context.unwritten.end() ? tried->second
                                          : read_patch_file(context.workspace, file.path);
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

/// What a commit changes, as git shows it.
std::string read_commit(const Context& context,
                        const workspace::Fork& fork,
                        const workspace::Patch::Commit& from) {
  if (!parse_id(from.id))
    throw Error(Kind::input, cat("'", printable(from.id), "' is no commit id"))
        .hint("give all 40 hexadecimal digits, in lower case");
  const auto [repository, commit] = find_change(context, fork, from.id);
  if (git_commit_parentcount(commit.get()) > 1)
    throw Error(Kind::input, cat("commit ", from.id, " is a merge, which is no single change"))
        .hint("name the commits that it merged, each as a patch of its own");
  GitTree before;
  if (git_commit_parentcount(commit.get()) == 1) {
    Commit parent;
    check(git_commit_parent(out_ptr(parent), commit.get(), 0), cat("read commit ", from.id));
    before = tree_of(parent);
  }
  return patch_text(diff_trees(repository.get(), before.get(), tree_of(commit).get()).get(),
                    cat("commit ", from.id));
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
        workspace::demand_named_digest(patch, digest);
        return PatchContent{std::move(text), digest};
      });
}

}  // namespace cullet::source
