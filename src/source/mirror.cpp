// SPDX-License-Identifier: Apache-2.0
#include "mirror.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/text.hpp"

namespace cullet::source {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxReferences = 512U << 20U;
constexpr std::chrono::milliseconds kLockInterval{50};
constexpr std::size_t kMaxName = 64;

/// A file name that stays in its directory, whatever the fork is called.
std::string file_name(std::string_view name, std::string_view identity) {
  std::string plain;
  for (const char c : name.substr(0, kMaxName)) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || (c == '.' && !plain.empty());
    plain += kept ? c : '_';
  }
  return cat(plain, "-", sha256(cat(name, "\n", identity)).hex().substr(0, 16));
}

bool matches(std::string_view name, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) {
    return name.starts_with(prefix);
  });
}

Error damaged(const fs::path& path, std::string_view what) {
  return Error(Kind::machine, cat("the mirror ", path.string(), " is damaged: ", what))
      .hint(cat("remove ", path.string(), "; it is made again"));
}

}  // namespace

Mirror::Mirror(const Context& context, std::string_view name, std::string_view identity)
    : context_(context),
      path_(context.store.forks_directory() / (file_name(name, identity) + ".git")) {
  start_libgit2();
}

bool Mirror::exists() const {
  std::error_code ignored;
  return fs::is_directory(path_, ignored);
}

Repository Mirror::open() const {
  start_libgit2();
  Repository repository;
  const int code = git_repository_open_bare(out_ptr(repository), path_.c_str());
  if (code == GIT_ENOTFOUND && exists())
    throw damaged(path_, "git knows it for no repository");
  check(code, cat("open ", path_.string()));
  // The kernel's clock; a failure only makes the mirror look older than it is to store gc.
  ::utimensat(AT_FDCWD, path_.c_str(), nullptr, 0);
  return repository;
}

References Mirror::references() const {
  References references;
  std::error_code ignored;
  const auto file = path_ / "packed-refs";
  if (!fs::exists(file, ignored))
    return references;
  for (const auto& line : split(read_file(file, kMaxReferences), '\n')) {
    if (line.empty() || line[0] == '#' || line[0] == '^')
      continue;
    const auto id = parse_id(std::string_view(line).substr(0, GIT_OID_HEXSZ));
    if (!id || line.size() < GIT_OID_HEXSZ + 2 || line[GIT_OID_HEXSZ] != ' ')
      throw damaged(path_, "packed-refs");
    references[line.substr(GIT_OID_HEXSZ + 1)] = *id;
  }
  return references;
}

Mirror::Lock Mirror::lock() const {
  auto file = path_;
  file.replace_extension(".lock");
  auto fd = open_file(file, O_RDWR | O_CREAT, 0644);
  bool told = false;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      throw system_error(cat("cannot lock ", file.string()), errno);
    if (!told && context_.progress)
      context_.progress(
          cat("waiting for another cullet to finish with ", path_.filename().string()));
    told = true;
    context_.cancel.sleep(kLockInterval);
  }
  if (exists())
    clean();
  else
    create();
  return {*this, std::move(fd)};
}

/// Made under another name first, so that there is never half a repository under its own.
void Mirror::create() const {
  auto fresh = path_;
  fresh += ".new";
  remove_tree(fresh);
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags =
      GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT | GIT_REPOSITORY_INIT_MKDIR;
  Repository repository;
  check(git_repository_init_ext(out_ptr(repository), fresh.c_str(), &options),
        cat("make ", fresh.string()));
  repository.reset();
  fs::rename(fresh, path_);
  sync_directory(path_.parent_path());
}

void Mirror::demand_whole() const {
  const auto repository = open();
  for (const auto& [name, id] : references()) {
    Object object;
    if (git_object_lookup(out_ptr(object), repository.get(), &id, GIT_OBJECT_ANY) < 0)
      throw damaged(path_, cat(printable(name), " can't be read"));
  }
}

void Mirror::Lock::remove() const {
  auto gone = mirror_.path_;
  gone += ".new";
  remove_tree(gone);
  fs::rename(mirror_.path_, gone);
  remove_tree(gone);
}

void Mirror::clean() const {
  const auto remove_if = [](const fs::path& directory, const auto& is_left_over) {
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored))
      return;
    for (const auto& name : list_directory(open_directory(directory).get(), directory.string()))
      if (is_left_over(name))
        fs::remove(directory / name, ignored);
  };
  remove_if(path_, [](const std::string& name) {
    return name.ends_with(".lock") || name.starts_with(".tmp-");
  });
  remove_if(path_ / "objects/pack",
            [](const std::string& name) { return name.find("_git2_") != name.npos; });
}

void Mirror::Lock::write(const References& references) const {
  std::string text = "# pack-refs with: sorted \n";
  for (const auto& [name, id] : references)
    text += cat(hex(id), " ", name, "\n");
  replace_file(mirror_.path_ / "packed-refs", text);
}

void Mirror::Lock::sync_packs() const {
  const auto directory = mirror_.path_ / "objects/pack";
  const auto fd = open_directory(directory);
  for (const auto& name : list_directory(fd.get(), directory.string())) {
    const auto file = open_at(fd.get(), name, O_RDONLY | O_NOFOLLOW);
    if (::fsync(file.get()) != 0)
      throw system_error(cat("cannot sync ", (directory / name).string()), errno);
  }
  sync_directory(directory);
  sync_directory(mirror_.path_ / "objects");
}

Commit peeled_commit(git_repository* repository, const git_oid& id) {
  Object object, commit;
  // Two statements: an out_ptr() hands over at the end of its whole expression.
  if (git_object_lookup(out_ptr(object), repository, &id, GIT_OBJECT_ANY) < 0)
    return nullptr;
  if (git_object_peel(out_ptr(commit), object.get(), GIT_OBJECT_COMMIT) < 0)
    return nullptr;
  return Commit(reinterpret_cast<git_commit*>(commit.release()));
}

bool is_reachable(git_repository* repository,
                  const References& references,
                  const git_oid& commit,
                  const std::vector<std::string>& prefixes) {
  std::vector<git_oid> tips;
  for (const auto& [name, id] : references) {
    if (!matches(name, prefixes))
      continue;
    if (const auto tip = peeled_commit(repository, id))
      tips.push_back(*git_commit_id(tip.get()));
  }
  if (tips.empty())
    return false;
  const int code = git_graph_reachable_from_any(repository, &commit, tips.data(), tips.size());
  check(code, cat("walk the history of ", git_repository_path(repository)));
  return code == 1;
}

}  // namespace cullet::source
