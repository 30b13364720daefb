// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/environment/lock.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::attest {

/// "12" for bookworm; a suite that has no number yet stands for itself.
std::string debian_release(std::string_view suite);

/// The package URL (purl-spec) of a Debian package, with what scanners match by: arch, distro and,
/// where they differ from the package's own, name and version of its source.
std::string deb_purl(const environment::LockedPackage& package, std::string_view suite);

/// What a fork holds, by where upstream is: pkg:github/OWNER/NAME@VERSION, or
/// pkg:generic/NAME@VERSION?vcs_url=….
std::string fork_purl(const workspace::Fork& fork);

/// A git URL in the form of SLSA and SPDX, "git+https://…", without a password; empty for a path
/// that means nothing elsewhere.
std::string git_uri(std::string_view url);

}  // namespace cullet::attest
