// SPDX-License-Identifier: Apache-2.0
#include "cullet/environment/rootfs.hpp"

#include <algorithm>
#include <numeric>

#include <fcntl.h>

#include "cullet/base/error.hpp"
#include "cullet/base/parallel.hpp"
#include "cullet/base/text.hpp"

#include "deb.hpp"
#include "merge.hpp"
#include "staged_root.hpp"
#include "usr_merge.hpp"

namespace cullet::environment {
namespace {

namespace fs = std::filesystem;

RelativePath path_of(const std::string& text) {
  return *RelativePath::parse(text);
}

std::vector<LockedPackage> in_order(std::vector<LockedPackage> packages) {
  std::sort(packages.begin(), packages.end(), [](const auto& a, const auto& b) {
    return a.name < b.name;
  });
  const auto twice =
      std::adjacent_find(packages.begin(), packages.end(), [](const auto& a, const auto& b) {
        return a.name == b.name;
      });
  if (twice != packages.end())
    throw Error(Kind::input, cat("the package '", twice->name, "' is there twice"))
        .detail(cat(twice->version, " and ", (twice + 1)->version));
  return packages;
}

/// Packages, each unpacked into a directory of its own. Decompression takes the time, so threads
/// share the packages, the largest first; what they wrote is put together in order afterwards.
class Parts {
 public:
  Parts(const RootfsContext& context, const std::vector<LockedPackage>& packages)
      : context_(context),
        packages_(packages),
        room_(context.store.work_directory()),
        contents_(packages.size()) {
    std::vector<std::size_t> order(packages.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return packages[a].size > packages[b].size;
    });
    in_parallel(order.size(), context.threads, [&](std::size_t place) {
      const auto i = order[place];
      context.cancel.check();
      with_context([&] { return cat("unpacking ", packages[i].name, " ", packages[i].version); },
                   [&] { unpack(i); });
    });
  }

  [[nodiscard]] fs::path directory(std::size_t i) const { return room_.root() / std::to_string(i); }
  [[nodiscard]] const DebContents& contents(std::size_t i) const { return contents_[i]; }

  /// The name of the first package before `i` that holds `path`.
  [[nodiscard]] std::string owner(const std::string& path, std::size_t i) const {
    for (std::size_t k = 0; k < i; ++k)
      for (const auto& held : contents_[k].paths)
        if (held == path || held.rfind(path + "/", 0) == 0)
          return packages_[k].name;
    return "another package";
  }

 private:
  void unpack(std::size_t i) {
    const auto& package = packages_[i];
    make_directories(directory(i));
    const auto root = open_directory(directory(i));
    const auto blob = context_.store.open_blob(package.sha256);
    FdSource bytes(blob.get(), package.path);
    VerifyingSource verified(bytes, package.sha256, package.size);
    contents_[i] = unpack_deb(verified, package, root.get());
    std::array<std::byte, 4096> rest{};
    while (verified.read(rest) != 0) {  // so that the end is verified too
    }
  }

  const RootfsContext& context_;
  const std::vector<LockedPackage>& packages_;
  store::StagedTree room_;
  std::vector<DebContents> contents_;
};

void merge_parts(const RootfsContext& context,
                 const std::vector<LockedPackage>& packages,
                 const Parts& parts,
                 int root) {
  for (std::size_t i = 0; i < packages.size(); ++i) {
    const auto part = open_directory(parts.directory(i));
    const auto conflict = [&](const std::string& path, const std::string& why) {
      throw Error(Kind::input,
                  cat("the packages '",
                      parts.owner(path, i),
                      "' and '",
                      packages[i].name,
                      "' both hold '/",
                      printable(path),
                      "'"))
          .detail(why)
          .hint("leave one of them out");
    };
    merge_directory(part.get(), root, conflict, context.cancel);
  }
}

/// The control paragraph with the status line that scanners expect of an installed package.
std::string status_paragraph(std::string_view control) {
  const auto paragraph = trim(control);
  const auto first = std::min(paragraph.find('\n'), paragraph.size());
  return cat(
      paragraph.substr(0, first), "\nStatus: install ok installed", paragraph.substr(first), "\n");
}

void write_status(const StagedRoot& root,
                  const std::vector<LockedPackage>& packages,
                  const Parts& parts) {
  for (std::size_t i = 0; i < packages.size(); ++i) {
    const auto base = "var/lib/dpkg/status.d/" + packages[i].name;
    root.make_file(path_of(base), status_paragraph(parts.contents(i).control));
    root.make_file(path_of(base + ".md5sums"), parts.contents(i).md5sums);
  }
}

void make_environment(const StagedRoot& root) {
  for (const auto* directory : {"build",
                                "dev",
                                "etc",
                                "home",
                                "out",
                                "proc",
                                "root",
                                "run",
                                "sys",
                                "tmp",
                                "usr/bin",
                                "usr/lib",
                                "usr/lib64",
                                "usr/sbin",
                                "var/tmp"})
    root.make_directory(path_of(directory));
  const std::pair<const char*, const char*> files[] = {
      {"etc/passwd",
       "root:x:0:0:root:/root:/bin/sh\n"
       "builder:x:1000:1000:builder:/tmp:/bin/sh\n"
       "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
      {"etc/group", "root:x:0:\nbuilder:x:1000:\nnogroup:x:65534:\n"},
      {"etc/hosts", "127.0.0.1 localhost cullet\n::1 localhost\n"}};
  for (const auto& [path, text] : files)
    if (root.type(path_of(path)) == StagedRoot::Type::none)
      root.make_file(path_of(path), text);
}

void make_usr_links(const StagedRoot& root) {
  for (const auto directory : kMergedDirectories) {
    const auto target = cat("usr/", directory);
    if (root.type(path_of("usr")) == StagedRoot::Type::directory &&
        root.type(path_of(target)) == StagedRoot::Type::directory)
      root.make_symlink(path_of(std::string(directory)), target);
  }
}

void make_links(const StagedRoot& root, const std::map<std::string, std::string>& links) {
  for (const auto& [text, target] : links) {
    const auto path = RelativePath::parse(text, true);
    if (!path)
      throw Error(Kind::input, cat("'", printable(text), "' can't be a link of an environment"));
    with_context(cat("making the link '/", printable(path->str()), "'"),
                 [&, &target = target] { root.make_symlink(merged_path(*path), target); });
  }
}

}  // namespace

Rootfs unpack_packages(const RootfsContext& context,
                       const std::vector<LockedPackage>& packages,
                       const std::map<std::string, std::string>& links,
                       bool dpkg_status,
                       bool environment) {
  Rootfs rootfs;
  const auto ordered = in_order(packages);
  auto staged = context.store.stage_tree();
  {
    const Parts parts(context, ordered);
    const auto root = open_directory(staged.root());
    const StagedRoot files(root.get());
    merge_parts(context, ordered, parts, root.get());
    if (dpkg_status)
      write_status(files, ordered, parts);
    if (environment)
      make_environment(files);
    make_usr_links(files);
    make_links(files, links);
    for (std::size_t i = 0; i < ordered.size(); ++i) {
      const auto& contents = parts.contents(i);
      rootfs.modes.insert(contents.modes.begin(), contents.modes.end());
      if (contents.postinst)
        rootfs.postinst.push_back(ordered[i].name);
    }
  }
  rootfs.tree = context.store.commit_tree(std::move(staged), {}, context.threads, context.cancel);
  return rootfs;
}

}  // namespace cullet::environment
