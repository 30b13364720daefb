// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cullet/base/digest.hpp"
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

/// An image by its digest, "pkg:oci/NAME@sha256%3A…", as VEX and verification summaries name it.
/// `repository` is where it is, with or without a registry; its last part is the name.
/// `repository_url` is told where it is worth something to others.
std::string image_purl(const BlobDigest& digest,
                       std::string_view repository,
                       std::string_view repository_url = {});

/// A git URL in the form of SLSA and SPDX, "git+https://…", without a password; empty for a path
/// that means nothing elsewhere.
std::string git_uri(std::string_view url);

}  // namespace cullet::attest
