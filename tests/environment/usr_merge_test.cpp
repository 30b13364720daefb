// SPDX-License-Identifier: Apache-2.0
#include "usr_merge.hpp"

#include <catch2/catch.hpp>

namespace cullet::environment {
namespace {

RelativePath path(const std::string& text) {
  return *RelativePath::parse(text);
}

TEST_CASE("merged_path: top-level directories that usr/ has too move there") {
  CHECK(merged_path(path("bin")).str() == "usr/bin");
  CHECK(merged_path(path("bin/sh")).str() == "usr/bin/sh");
  CHECK(merged_path(path("lib/x86_64-linux-gnu/libc.so.6")).str() ==
        "usr/lib/x86_64-linux-gnu/libc.so.6");
  CHECK(merged_path(path("lib64/ld.so")).str() == "usr/lib64/ld.so");
  CHECK(merged_path(path("libx32/a")).str() == "usr/libx32/a");
  CHECK(merged_path(path("sbin/init")).str() == "usr/sbin/init");
}

TEST_CASE("merged_path: all else stays") {
  for (const auto* text : {"usr/bin/sh", "etc/bin", "binary/x", "library", "lib65/x", "opt/lib/x"})
    CHECK(merged_path(path(text)).str() == text);
}

TEST_CASE("merged_target: a link that still leads to the same file stays as it is") {
  CHECK(merged_target(path("bin/sh"), "dash") == "dash");
  CHECK(merged_target(path("bin/sh"), "../lib/x") == "../lib/x");
  CHECK(merged_target(path("lib/x86_64-linux-gnu/libz.so"), "libz.so.1") == "libz.so.1");
  CHECK(merged_target(path("lib64/ld.so"), "../lib/x86_64-linux-gnu/ld.so") ==
        "../lib/x86_64-linux-gnu/ld.so");
  CHECK(merged_target(path("lib64/ld.so"), "/lib/x86_64-linux-gnu/ld.so") ==
        "/lib/x86_64-linux-gnu/ld.so");
  CHECK(merged_target(path("bin/x"), "../../../etc/y") == "../../../etc/y");  // above the root
  CHECK(merged_target(path("usr/lib/x/libz.so"), "../../../lib/x/libz.so.1") ==
        "../../../lib/x/libz.so.1");
  CHECK(merged_target(path("etc/os-release"), "../usr/lib/os-release") == "../usr/lib/os-release");
}

TEST_CASE("merged_target: a moved link that climbs out of its directory is written anew") {
  CHECK(merged_target(path("bin/x"), "../etc/alternatives/x") == "../../etc/alternatives/x");
  CHECK(merged_target(path("bin/x"), "../usr/bin/y") == "y");
  CHECK(merged_target(path("lib/a/x"), "../../usr/lib/a/y") == "y");
  CHECK(merged_target(path("lib/a/x"), "../../var/y") == "../../../var/y");
  CHECK(merged_target(path("bin/x"), "..") == "../..");
}

}  // namespace
}  // namespace cullet::environment
