// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/digest.hpp"
#include "cullet/base/stream.hpp"
#include "cullet/http/client.hpp"
#include "cullet/store/store.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::source {

/// What the layer needs from the machine; all of it outlives the calls.
struct Context {
  store::Store& store;
  http::Client& http;
  const Cancel& cancel;
  std::filesystem::path workspace;   ///< root, for patch files and archives named by path
  std::vector<std::string> mirrors;  ///< Debian mirrors, for "debian-source"
  unsigned threads = 1;
  std::function<void(const std::string&)> progress;  ///< "fetching zlib: 3.2 MiB"; may be null
  /// The user's environment variables, through which git's configuration, ssh, credential helpers
  /// and netrc are found (HOME, XDG_CONFIG_HOME, GIT_*, SSH_AUTH_SOCK, NETRC, PATH). Empty: none of
  /// them is used.
  std::map<std::string, std::string> environment{};
  /// Patch files that are tried before they are written: path relative to forks/ → text.
  std::map<std::string, std::string> unwritten{};
  /// Asked before upstream is, for what was kept of earlier builds: a commit as restore_commit()
  /// (kept.hpp) reads it, null where there is none; and whether an archive is in the store now.
  /// What they give is verified; what they throw is for them to tell. May be null.
  std::function<std::unique_ptr<Source>(const std::string& commit, bool change)> kept_commit{};
  std::function<bool(const BlobDigest&)> kept_archive{};
};

/// What a pin is.
struct PinInfo {
  std::string commit;               ///< 40 hex digits
  std::int64_t committer_time = 0;  ///< seconds since the epoch: `created`, SOURCE_DATE_EPOCH
};

/// A fork's mirror is a bare git repository in the store's forks/ directory (libgit2 behind it).
/// Processes and threads that update one mirror take turns; one that is killed leaves it usable.
/// URLs: http(s)://, file:// and paths; ssh:// and user@host:path go through the ssh program, with
/// its own configuration and agent, and only to hosts that it knows. The user's git configuration
/// is honoured: url.*.insteadOf, http.proxy, http.sslCAInfo, http.extraHeader, core.sshCommand and
/// credential helpers. Logins for http come from the URL, a helper or netrc; nobody is asked.
///
/// Makes sure the pinned commit is there and reachable: clones, fetches or imports only when it is
/// not. Throws Kind::input when the fork can't be found at its URL, the pin is not in it or not
/// reachable from its branches and tags (naming the nearest tag where one is), Kind::machine when
/// it can't be reached (naming what to check; with --offline, what is missing).
PinInfo ensure_pin(const Context& context, const workspace::Fork& fork);

/// Fetches all branches and tags of the fork and of its upstream, incrementally (`cullet fork
/// sync`). Upstream's are kept apart: they can be patches, but no pins.
void sync(const Context& context, const workspace::Fork& fork);

/// Imports the fork's archive into its mirror and returns the commit: deterministic, by this rule
/// (import: 1). Tree: the archive's entries with a single top-level directory dropped, git's modes
/// (executable by the owner or not, symlink); empty directories go. Commit: no parent; author and
/// committer "cullet import <import@cullet.invalid>" at the newest mtime of an entry (of a zip: its
/// MS-DOS time taken as UTC), +0000; message "import sha256:HEX\n". The name and URL of the archive
/// don't matter.
std::string import_archive(const Context& context, const workspace::Fork& fork);

/// The content of one patch of the series, from wherever it is, and its SHA-256. Throws
/// Kind::refused when the fork states another one.
struct PatchContent {
  std::string text;
  Sha256 sha256;
};
PatchContent read_patch(const Context& context,
                        const workspace::Fork& fork,
                        const workspace::Patch& patch);

/// The text of a patch file of the workspace, named relative to its forks/; throws Kind::input
/// where there is none, and for a path out of there.
std::string read_patch_file(const std::filesystem::path& workspace, const std::string& path);

/// The source tree: pin plus patches, submodules at their pinned commits, written without any
/// filter or line-end conversion, as a tree of the store. ensure_pin() must have succeeded before.
/// Throws Kind::input "patch P does not apply to FORK VERSION" with file, line and hunk; for a
/// patch that is empty, already applied, or reaches outside the tree. The SHA-256 of each patch, as
/// it was applied, goes to `applied`.
store::Tree prepare(const Context& context,
                    const workspace::Fork& fork,
                    std::vector<Sha256>* applied = nullptr);

/// Who the user is to git, as "Name <address>": $GIT_AUTHOR_NAME and $GIT_AUTHOR_EMAIL, else
/// user.name and user.email of the configuration; empty where neither says a name.
std::string git_identity(const std::map<std::string, std::string>& environment);

}  // namespace cullet::source
