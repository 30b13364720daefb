// SPDX-License-Identifier: Apache-2.0
#include "git.hpp"

#include <array>

#include "cullet/base/hex.hpp"
#include "cullet/base/text.hpp"

namespace cullet::source {
namespace {

struct Library {
  Library() {
    check(git_libgit2_init(), "initialise libgit2");
    // libgit2 runs no hook and no program that a repository names, so reading one of another owner
    // is safe, and a pipeline's root has to read what a mount belonging to someone else holds.
    check(git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0), "configure libgit2");
  }
};

}  // namespace

void start_libgit2() {
  // Never shut down: other threads may still be inside at exit.
  static const Library library;
}

Error git_failure(std::string_view doing, Kind kind) {
  const auto* last = git_error_last();
  std::string reason =
      last != nullptr && last->message != nullptr ? last->message : "unknown error";
  auto error = Error(kind, cat("cannot ", doing, ": ", printable(reason)));
  if (reason.find("No space left on device") != reason.npos)
    error = Error(Kind::machine, error.message()).hint("free some space, then run it again");
  else if (reason.find("objectformat") != reason.npos)
    error = Error(Kind::input, error.message())
                .detail("it is a SHA-256 repository, which libgit2 can't read")
                .hint("use a SHA-1 repository, or import an archive");
  return error;
}

std::string hex(const git_oid& id) {
  std::array<char, GIT_OID_HEXSZ + 1> text{};
  git_oid_tostr(text.data(), text.size(), &id);
  return text.data();
}

std::optional<git_oid> parse_id(std::string_view text) {
  if (!is_hex(text, GIT_OID_HEXSZ))
    return std::nullopt;
  git_oid id;
  if (git_oid_fromstrn(&id, text.data(), text.size()) < 0)
    return std::nullopt;
  return id;
}

std::string short_id(std::string_view id) {
  return std::string(id.substr(0, 12));
}

Repository open_repository(const std::string& path) {
  start_libgit2();
  Repository repository;
  check(git_repository_open_bare(out_ptr(repository), path.c_str()), cat("open ", path));
  return repository;
}

Repository make_snapshot_repository(const std::string& path) {
  start_libgit2();
  Repository repository;
  Config config;
  check(git_repository_init(out_ptr(repository), path.c_str(), 1), cat("make ", path));
  check(git_repository_config(out_ptr(config), repository.get()), cat("configure ", path));
  // No file is small enough for a delta. libgit2 1.5 reads the threshold from the second key
  // (packbuilder_config()).
  for (const auto* key : {"core.bigFileThreshold", "pack.deltaCacheSize"})
    check(git_config_set_int64(config.get(), key, 1), cat("configure ", path));
  return repository;
}

Commit find_commit(git_repository* repository, const git_oid& id) {
  Commit commit;
  if (git_commit_lookup(out_ptr(commit), repository, &id) < 0)
    commit.reset();
  return commit;
}

}  // namespace cullet::source
