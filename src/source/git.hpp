// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <git2.h>

#include "cullet/base/error.hpp"
#include "cullet/base/handle.hpp"

namespace cullet::source {

using Blob = Handle<git_blob, git_blob_free>;
using Commit = Handle<git_commit, git_commit_free>;
using Config = Handle<git_config, git_config_free>;
using Diff = Handle<git_diff, git_diff_free>;
using Object = Handle<git_object, git_object_free>;
using ReferenceIterator = Handle<git_reference_iterator, git_reference_iterator_free>;
using Remote = Handle<git_remote, git_remote_free>;
using Odb = Handle<git_odb, git_odb_free>;
using PackBuilder = Handle<git_packbuilder, git_packbuilder_free>;
using RevWalk = Handle<git_revwalk, git_revwalk_free>;
using Repository = Handle<git_repository, git_repository_free>;
using Signature = Handle<git_signature, git_signature_free>;
using GitTree = Handle<git_tree, git_tree_free>;
using TreeBuilder = Handle<git_treebuilder, git_treebuilder_free>;

/// Initialises libgit2 for the process, once. To be called before anything else of it.
void start_libgit2();

/// The Error for libgit2's last failure on this thread: "cannot DOING: REASON". Takes errno of a
/// full disk into the hints.
Error git_failure(std::string_view doing, Kind kind = Kind::machine);

/// Throws git_failure() where `code` is an error.
inline void check(int code, std::string_view doing, Kind kind = Kind::machine) {
  if (code < 0)
    throw git_failure(doing, kind);
}

/// A buffer that libgit2 fills.
class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { git_buf_dispose(&buffer_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&&) = delete;
  Buffer& operator=(Buffer&&) = delete;
  git_buf* get() noexcept { return &buffer_; }
  [[nodiscard]] std::string_view text() const noexcept { return {buffer_.ptr, buffer_.size}; }

 private:
  git_buf buffer_ = GIT_BUF_INIT;
};

std::string hex(const git_oid& id);
/// nullopt for anything but 40 lower-case hexadecimal digits.
std::optional<git_oid> parse_id(std::string_view text);
/// The first 12 digits, for messages.
std::string short_id(std::string_view id);

Repository open_repository(const std::string& path);
/// Makes an empty bare one for the files of one commit, from where copy_objects() takes them: those
/// are packed without deltas, which find little in files that are all different, and cost most.
Repository make_snapshot_repository(const std::string& path);

/// The commit with that id, or null where the repository has no such commit.
Commit find_commit(git_repository* repository, const git_oid& id);

}  // namespace cullet::source
