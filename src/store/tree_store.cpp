// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/store/store.hpp"

#include "state.hpp"

namespace cullet::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kManifestLimit = std::uint64_t{4} << 30U;

bool holds_tree(const fs::path& tree) {
  struct stat status {};
  if (::lstat((tree / "manifest").c_str(), &status) == 0)
    return S_ISREG(status.st_mode);
  if (errno == ENOENT || errno == ENOTDIR)
    return false;
  throw system_error(cat("cannot examine '", printable(tree.string()), "'"), errno);
}

/// False when something is there already.
bool rename_directory(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0)
    return true;
  if (errno == ENOTEMPTY || errno == EEXIST)
    return false;
  throw system_error(cat("cannot create '", printable(to.string()), "'"), errno);
}

}  // namespace

Staging::Staging(std::shared_ptr<Session> session, std::string_view prefix)
    : session_(std::move(session)),
      // Opened before anything is written: syncfs(2) reports the write errors since then.
      file_system_(open_directory(session_->root())),
      directory_(session_->fresh_path(prefix)),
      root_(directory_ / "root") {
  make_directories(directory_);
  // A default ACL of the store's parents would give every new file other modes than a step or an
  // archive asks for. Where there is none, or no ACLs at all, this fails, as it should.
  ::removexattr(directory_.c_str(), "system.posix_acl_default");
  make_directories(root_);
}

Staging::~Staging() {
  if (directory_.empty())
    return;
  try {
    remove_tree(directory_);
  } catch (const Error&) {
    // It goes with the session's directory, or with the next session.
  }
}

Tree Staging::publish(const TreeManifest& manifest) {
  const auto text = manifest.serialize();
  const TreeDigest digest(sha256(text));
  const auto place = session_->tree(digest);
  if (!holds_tree(place)) {
    session_->write(directory_ / "manifest", text, Durability::buffered);
    // One syncfs(2) instead of an fsync(2) per file and directory. It writes other programs' data
    // of the file system too, but is the faster by far for a tree of many files (ext4 commits its
    // journal for each fsync), and nothing can be forgotten.
    if (::syncfs(file_system_.get()) != 0)
      throw system_error("cannot write a tree to the disk", errno);
    bool moved = false;
    while (!(moved = rename_directory(directory_, place)) && !holds_tree(place)) {
      // Damaged by hand: out of the way with it.
      (void)rename_directory(place, session_->fresh_path("damaged"));
    }
    if (moved)
      directory_.clear();
  }
  // Also where another writer put it: it may not have got as far as this.
  sync_directory(session_->trees());
  return {digest, place / "root"};
}

StagedTree::StagedTree(std::unique_ptr<State> state) : state_(std::move(state)) {}
StagedTree::StagedTree(StagedTree&&) noexcept = default;
StagedTree::~StagedTree() = default;

const fs::path& StagedTree::root() const noexcept {
  return state_->staging.root();
}

StagedTree Store::stage_tree() {
  return StagedTree(std::make_unique<StagedTree::State>(state_->session, "tree"));
}

StagedTree Store::work_directory() {
  return StagedTree(std::make_unique<StagedTree::State>(state_->session, "work"));
}

Tree Store::commit_tree(StagedTree staged,
                        const CapturePolicy& policy,
                        unsigned threads,
                        const Cancel& cancel) {
  const auto manifest = capture(staged.root(), policy, threads, cancel);
  cancel.check();
  return staged.state_->staging.publish(manifest);
}

std::optional<Tree> Store::find_tree(const TreeDigest& digest) const {
  const auto place = state_->session->tree(digest);
  if (!holds_tree(place))
    return std::nullopt;
  return Tree{digest, place / "root"};
}

Tree Store::tree(const TreeDigest& digest) const {
  if (auto found = find_tree(digest))
    return *found;
  throw Error(Kind::machine, cat("the store has no tree ", digest))
      .hint("run `cullet store check --repair`, then build again");
}

TreeManifest Store::manifest(const TreeDigest& digest) const {
  const auto place = tree(digest).root.parent_path();
  return with_context(
      [&] { return cat("reading the manifest of tree ", digest); },
      [&] {
        const auto text = read_file(place / "manifest", kManifestLimit);
        const TreeDigest found(sha256(text));
        if (found != digest)
          throw Error(Kind::refused, cat("tree ", digest, " has a manifest that hashes to ", found))
              .hint("run `cullet store check --repair`, then build again");
        return TreeManifest::parse(text);
      });
}

}  // namespace cullet::store
