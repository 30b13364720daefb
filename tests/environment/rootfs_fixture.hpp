// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cullet/base/file.hpp"
#include "cullet/environment/rootfs.hpp"

#include "failure.hpp"
#include "made_deb.hpp"

namespace cullet::environment {

/// A store in a temporary directory, and what unpacking needs around it.
struct RootfsFixture {
  TemporaryDirectory directory{temporary(), "rootfs"};
  store::Store store{directory.path() / "store", {}};
  Cancel cancel;
  http::Client http{http::Options(), cancel};

  [[nodiscard]] RootfsContext context(unsigned threads = 2) {
    return {store, http, cancel, {}, threads, nullptr};
  }
  /// Unpacks and describes the tree: "PATH", "PATH/", "PATH -> TARGET" or "PATH = FIRST".
  std::vector<std::string> unpack(const std::vector<LockedPackage>& packages,
                                  const std::map<std::string, std::string>& links = {},
                                  bool status = false,
                                  bool environment = false,
                                  unsigned threads = 2) {
    auto rootfs = unpack_packages(context(threads), packages, links, status, environment);
    tree = rootfs.tree;
    modes = std::move(rootfs.modes);
    postinst = std::move(rootfs.postinst);
    std::vector<std::string> lines;
    const auto manifest = store.manifest(tree.digest);
    for (const auto& entry : manifest.entries()) {
      using Type = store::TreeEntryType;
      auto line = entry.path.str();
      if (entry.type == Type::directory)
        line += "/";
      if (entry.type == Type::symlink)
        line += " -> " + entry.target;
      if (entry.type == Type::hardlink)
        line += " = " + entry.target;
      lines.push_back(line);
    }
    return lines;
  }
  [[nodiscard]] std::string text(const std::string& path) const {
    return read_file(tree.root / path, 1U << 20U);
  }
  LockedPackage add(const std::string& name, const MadeTar& data) {
    return stored(store, name, made_deb(name, data));
  }

  store::Tree tree;
  std::map<std::string, std::uint32_t> modes;
  std::vector<std::string> postinst;
};

using Lines = std::vector<std::string>;

}  // namespace cullet::environment
