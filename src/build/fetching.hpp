// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cullet/build/build.hpp"
#include "cullet/environment/rootfs.hpp"
#include "cullet/source/source.hpp"

namespace cullet::build {

/// What the source layer works with in a build, kept inputs included.
source::Context source_context(const Context& context,
                               std::function<void(const std::string&)> progress);

environment::RootfsContext rootfs_context(
    const Context& context, std::function<void(std::uint64_t, std::uint64_t)> progress);

/// Brings missing packages into the store: those that are kept, then the rest from mirrors.
void fetch_packages(const Context& context,
                    const environment::RootfsContext& rootfs,
                    const std::vector<environment::LockedPackage>& packages);

}  // namespace cullet::build
