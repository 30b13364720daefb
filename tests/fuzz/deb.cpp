// SPDX-License-Identifier: Apache-2.0
// Debian packages: ar, control file, data.
#include "deb.hpp"

#include "cullet/store/tree.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

environment::LockedPackage wanted() {
  environment::LockedPackage package;
  package.name = "demo";
  package.version = "1.0";
  package.architecture = "amd64";
  package.path = "pool/main/d/demo/demo_1.0_amd64.deb";
  return package;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const TemporaryDirectory around(temporary_parent(), "fuzz-deb");
  const auto root = around.path() / "root";
  make_directories(root);
  const auto directory = open_directory(root);
  const auto package = wanted();
  const bool whole = accepts([&] {
    MemorySource source(text_of(data, size));
    const auto contents = environment::unpack_deb(source, package, directory.get());
    for (const auto& path : contents.paths)
      require(RelativePath::parse(path).has_value(), "paths stay below the root");
  });
  const auto outer = open_directory(around.path());
  require(list_directory(outer.get(), "around").size() == 1, "nothing is made beside the root");
  if (whole)
    accepts([&] { store::capture(root, {}, 1, Cancel()); });
  return 0;
}
