// SPDX-License-Identifier: Apache-2.0
#include "fetching.hpp"

#include "cullet/base/parallel.hpp"
#include "cullet/build/kept_inputs.hpp"

namespace cullet::build {

namespace {

constexpr unsigned kParallel = 6;

void bring_kept(const Context& context, const std::vector<environment::LockedPackage>& missing) {
  in_parallel(missing.size(), kParallel, [&](std::size_t i) {
    context.cancel.check();
    context.kept->bring_package(context, missing[i]);
  });
}

}  // namespace

source::Context source_context(const Context& context,
                               std::function<void(const std::string&)> progress) {
  source::Context out{.store = context.store,
                      .http = context.http,
                      .cancel = context.cancel,
                      .workspace = context.workspace.root,
                      .mirrors = context.mirrors,
                      .threads = context.jobs,
                      .progress = std::move(progress),
                      .environment = context.environment,
                      .unwritten = context.unwritten};
  if (context.kept != nullptr) {
    out.kept_commit = [&context](const std::string& commit, bool change) {
      return context.kept->open_commit(context, commit, change);
    };
    out.kept_archive = [&context](const BlobDigest& digest) {
      return context.kept->bring_archive(context, digest);
    };
  }
  return out;
}

environment::RootfsContext rootfs_context(
    const Context& context, std::function<void(std::uint64_t, std::uint64_t)> progress) {
  return {.store = context.store,
          .http = context.http,
          .cancel = context.cancel,
          .mirrors = context.mirrors,
          .threads = context.jobs,
          .progress = std::move(progress)};
}

void fetch_packages(const Context& context,
                    const environment::RootfsContext& rootfs,
                    const std::vector<environment::LockedPackage>& packages) {
  if (context.kept != nullptr) {
    std::vector<environment::LockedPackage> missing;
    for (const auto& package : packages)
      if (!context.store.has_blob(package.sha256))
        missing.push_back(package);
    if (!missing.empty())
      bring_kept(context, missing);
  }
  environment::fetch_packages(rootfs, packages);
}

}  // namespace cullet::build
