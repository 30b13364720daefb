// SPDX-License-Identifier: Apache-2.0
#include "work_tree.hpp"

#include <algorithm>

#include <fcntl.h>
#include <git2/sys/repository.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/file.hpp"
#include "cullet/base/json.hpp"
#include "cullet/base/text.hpp"

namespace cullet::source {
namespace {

namespace fs = std::filesystem;

using StatusList = Handle<git_status_list, git_status_list_free>;

constexpr std::size_t kMaxCommits = 10'000;
constexpr std::size_t kMaxShown = 10;
constexpr std::uint64_t kMaxFile = std::uint64_t{1} << 30U;
constexpr const char* kStartFile = ".git/cullet.json";

Start read_start(const fs::path& directory) {
  const auto file = directory / kStartFile;
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored))
    throw Error(Kind::input, cat(directory.string(), " is no checkout that cullet made"));
  const auto json = parse_json(read_file(file, 1U << 20U), file.string());
  return {string_at(json, "fork", file.string()),
          string_at(json, "pin", file.string()),
          string_at(json, "head", file.string())};
}

/// The bytes of a tracked file, or a symlink's target, without any filter.
std::optional<TreeFile> read_tracked(int root, const std::string& path) {
  struct stat status {};
  if (::fstatat(root, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return std::nullopt;
    throw system_error(cat("cannot read ", printable(path)), errno);
  }
  TreeFile file;
  if (S_ISLNK(status.st_mode)) {
    std::string target(static_cast<std::size_t>(status.st_size) + 1, '\0');
    const auto size = ::readlinkat(root, path.c_str(), target.data(), target.size());
    if (size < 0)
      throw system_error(cat("cannot read ", printable(path)), errno);
    target.resize(static_cast<std::size_t>(size));
    file.mode = GIT_FILEMODE_LINK;
    file.content = std::make_shared<const std::string>(std::move(target));
    return file;
  }
  if (S_ISDIR(status.st_mode))
    return std::nullopt;  // a directory took its place; what is in it has entries of its own
  if (!S_ISREG(status.st_mode))
    throw Error(Kind::input, cat(printable(path), " is neither file nor symlink"));
  const auto fd = open_beneath(root, path, O_RDONLY);
  if (!fd)
    return std::nullopt;
  FdSource source(fd->get(), path);
  file.mode = (status.st_mode & 0100U) != 0 ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB;
  file.content = std::make_shared<const std::string>(read_all(source, kMaxFile, path));
  return file;
}

}  // namespace

std::string start_digest(const Context& context, const workspace::Fork& fork) {
  Json patches = Json::array();
  for (const auto& patch : fork.patches)
    patches.push_back({patch.name(), patch.strip, read_patch(context, fork, patch).sha256.str()});
  return canonical_digest({{"pin", fork.commit}, {"patches", patches}}).str();
}

void WorkTree::write(const Start& start, const fs::path& directory) {
  replace_file(directory / kStartFile,
               canonical({{"fork", start.fork}, {"pin", start.pin}, {"head", start.head}}) + "\n");
}

WorkTree::WorkTree(const fs::path& directory)
    : directory_(directory), start_(read_start(directory)) {
  start_libgit2();
  Repository repository;
  const auto doing = cat("open ", directory.string());
  check(git_repository_open_ext(
            out_ptr(repository), directory.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr),
        doing,
        Kind::input);
  Config config;
  check(git_config_new(out_ptr(config)), doing);
  check(git_config_add_file_ondisk(config.get(),
                                   (directory / ".git/config").c_str(),
                                   GIT_CONFIG_LEVEL_LOCAL,
                                   repository.get(),
                                   0),
        doing,
        Kind::input);
  check(git_repository_set_config(repository.get(), config.get()), doing);
  repository_ = std::shared_ptr<git_repository>(repository.release(), git_repository_free);
}

git_oid WorkTree::head() const {
  git_oid id;
  check(git_reference_name_to_id(&id, repository_.get(), "HEAD"),
        cat("read HEAD of ", directory_.string()),
        Kind::input);
  return id;
}

std::vector<Commit> WorkTree::commits() const {
  std::vector<Commit> commits;
  const auto fail = [&](std::string_view why) {
    return Error(Kind::input, cat("the history in ", directory_.string(), " ", why))
        .hint(cat("make it one line of commits from ",
                  short_id(start_.pin),
                  " (git rebase), then save it again"));
  };
  auto id = head();
  while (hex(id) != start_.pin) {
    auto commit = find_commit(repository_.get(), id);
    if (!commit || git_commit_parentcount(commit.get()) == 0)
      throw fail("does not start at the pin");
    if (git_commit_parentcount(commit.get()) > 1)
      throw fail(cat("has a merge: ", short_id(hex(id))));
    if (commits.size() == kMaxCommits)
      throw fail(cat("has more than ", kMaxCommits, " commits"));
    id = *git_commit_parent_id(commit.get(), 0);
    commits.push_back(std::move(commit));
  }
  std::reverse(commits.begin(), commits.end());
  return commits;
}

void WorkTree::check_settled() const {
  if (git_repository_state(repository_.get()) != GIT_REPOSITORY_STATE_NONE)
    throw Error(Kind::input,
                cat("a rebase, merge or pick is not finished in ", directory_.string()))
        .hint("finish it (git status says how), then run this again");
}

std::vector<WorkTree::Changed> WorkTree::changed() const {
  git_status_options options = GIT_STATUS_OPTIONS_INIT;
  options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
  options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
                  GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
  StatusList list;
  check(git_status_list_new(out_ptr(list), repository_.get(), &options),
        cat("compare ", directory_.string(), " with its commit"));
  std::vector<Changed> changed;
  for (std::size_t i = 0; i < git_status_list_entrycount(list.get()); ++i) {
    const auto* entry = git_status_byindex(list.get(), i);
    if (entry->status == GIT_STATUS_CURRENT || entry->status == GIT_STATUS_IGNORED)
      continue;
    const auto* delta =
        entry->index_to_workdir != nullptr ? entry->index_to_workdir : entry->head_to_index;
    changed.push_back({delta->new_file.path, entry->status == GIT_STATUS_WT_NEW});
  }
  return changed;
}

FileTree WorkTree::files(const Cancel& cancel) const {
  const auto all = changed();
  std::vector<std::string> untracked;
  for (const auto& one : all)
    if (one.untracked)
      untracked.push_back(one.path);
  if (!untracked.empty()) {
    Error error(Kind::input, cat("git does not track every file in ", directory_.string()));
    for (std::size_t i = 0; i < std::min(untracked.size(), kMaxShown); ++i)
      error.detail(printable(untracked[i]));
    if (untracked.size() > kMaxShown)
      error.detail(cat("and ", untracked.size() - kMaxShown, " more"));
    throw std::move(error).hint(
        "`git add` what belongs to the source, and remove the rest or list it in "
        ".git/info/exclude");
  }
  FileTree files;
  files.add_commit(repository_, head(), "", cancel);
  const auto root = open_directory(directory_);
  for (const auto& [path, ignored] : all) {
    cancel.check();
    if (auto file = read_tracked(root.get(), path))
      files.put(path, std::move(*file));
    else
      files.remove(path);
  }
  return files;
}

}  // namespace cullet::source
