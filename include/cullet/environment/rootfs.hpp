// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cullet/environment/lock.hpp"
#include "cullet/http/client.hpp"
#include "cullet/store/store.hpp"

namespace cullet::environment {

struct RootfsContext {
  store::Store& store;
  http::Client& http;
  const Cancel& cancel;
  std::vector<std::string> mirrors;  ///< base URLs, tried in order
  unsigned threads = 1;
  std::function<void(std::uint64_t, std::uint64_t)> progress;  ///< downloaded and total bytes
};

/// Fetches the packages into the store as blobs: in parallel, by SHA-256, only what is missing.
void fetch_packages(const RootfsContext& context, const std::vector<LockedPackage>& packages);

/// Packages unpacked, and what is not as installing them would have left it.
struct Rootfs {
  store::Tree tree;
  /// What the packages have, by path, where that is no mode that a tree keeps: setuid, 0700, 1777.
  std::map<std::string, std::uint32_t> modes;
  std::vector<std::string> postinst;  ///< the packages that have such a script, sorted
};

/// Unpacks packages, in order of name, into one tree and returns it: an environment's rootfs or a
/// layer of an image. /usr is merged: /bin, /sbin, /lib, /lib32, /lib64, /libx32 become links into
/// usr/ and what packages put there goes to usr/. Maintainer scripts don't run, modes are a tree's.
/// `links` (path → target) are made last; one over an existing path throws Kind::input. Two
/// packages with the same file and other bytes throw Kind::input. With `dpkg_status` each package
/// leaves var/lib/dpkg/status.d/NAME (its control paragraph) and NAME.md5sums, as distroless images
/// do, for scanners. With `environment` directories a step needs are made: /tmp, /proc, /dev,
/// /build, /out, …, and etc/passwd and etc/group with root, builder (1000) and nobody.
Rootfs unpack_packages(const RootfsContext& context,
                       const std::vector<LockedPackage>& packages,
                       const std::map<std::string, std::string>& links,
                       bool dpkg_status,
                       bool environment);

/// Version of the unpacking rules above; part of every key whose action unpacks packages.
inline constexpr int kRootfsVersion = 1;

}  // namespace cullet::environment
