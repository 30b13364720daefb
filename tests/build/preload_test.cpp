// SPDX-License-Identifier: Apache-2.0
#include "../../src/build/preload.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/elf.hpp"
#include "cullet/sandbox/sandbox.hpp"

namespace cullet::build {
namespace {

/// What this machine's own programs print in a sandbox; with the library loaded or without.
std::string printed(bool preload, const std::string& script) {
  const TemporaryDirectory place(std::filesystem::temp_directory_path());
  const auto root = place.path() / "root";
  for (const auto* directory : {"usr", "etc", "proc", "dev", "tmp"})
    make_directories(root / directory);
  for (const auto* link : {"bin", "sbin", "lib", "lib64"})
    std::filesystem::create_directory_symlink(cat("usr/", link), root / link);
  std::filesystem::copy_file(CULLET_PRELOAD_WAITS, root / "waits");
  const timespec times[2] = {{315532800, 0}, {315532800, 0}};  // as of trees in the store
  REQUIRE(::utimensat(AT_FDCWD, (root / "etc").c_str(), times, 0) == 0);
  sandbox::Spec spec;
  spec.limits.seconds = 60;
  spec.mounts = {{"/", {root}, {}}, {"/usr", {"/usr"}, {}}};
  if (preload) {
    write_preload(place.path() / "preload");
    spec.mounts[0].lower = {place.path() / "preload", root};
  }
  spec.argv = {"/bin/sh", "-e", "-c", script};
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  const Fd out(memfd_create("out", MFD_CLOEXEC));
  spec.output = out.get();
  const auto result = sandbox::run(spec, Cancel());
  ::lseek(out.get(), 0, SEEK_SET);
  FdSource source(out.get(), "what was printed");
  auto text = read_all(source, 1U << 20U, "what was printed");
  INFO(text);
  REQUIRE(result.ok());
  return text;
}

std::int64_t days_ahead(const std::string& script) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  return (std::stoll(printed(true, script)) - now) / 86400;
}

}  // namespace

TEST_CASE("preload: programs find another year, month, day and weekday", "[build]") {
  CHECK(days_ahead("date +%s") == 400);
  CHECK(days_ahead("perl -e 'print time'") == 400);
  CHECK(days_ahead("perl -MTime::HiRes -e 'print int Time::HiRes::time'") == 400);
  CHECK(days_ahead("mawk 'BEGIN { srand(); print srand() }'") == 400);
  for (const auto* part : {"%Y", "%m", "%d", "%a", "%H", "%M"})
    CHECK(printed(true, cat("date +", part)) != printed(false, cat("date +", part)));
}

TEST_CASE("preload: files are of now, and so is what measures time", "[build]") {
  CHECK(days_ahead("touch /tmp/x; stat -c %Y /tmp/x") == 0);
  CHECK(printed(true, "touch -d @7 /tmp/x; stat -c %Y /tmp/x") == "7\n");
  const std::string uptime =
      "perl -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC -e "
      "'print int clock_gettime(CLOCK_MONOTONIC)'";
  CHECK(std::stoll(printed(true, uptime)) - std::stoll(printed(false, uptime)) < 3600);
}

TEST_CASE("preload: neither the environment nor /etc says so, and no program complains",
          "[build]") {
  const std::string script =
      "env | grep -v ^_= | sort; ls -a /etc; stat -c '%Y %a' /etc; echo fine";
  CHECK(printed(true, script) == printed(false, script));
}

TEST_CASE("preload: what a step makes is listed the other way round", "[build]") {
  const std::string script =
      "mkdir /tmp/d; cd /tmp/d; for i in $(seq 3000); do : >a-file-with-a-long-name-$i; done; "
      "find . | tail -n +2";
  const auto split_lines = [](const std::string& text) { return split(text, '\n'); };
  auto there = split_lines(printed(false, script));
  auto here = split_lines(printed(true, script));
  REQUIRE(there.size() == 3001);
  there.pop_back();
  here.pop_back();
  CHECK(std::vector(here.rbegin(), here.rend()) == there);
}

TEST_CASE("preload: streams side by side, rewound, and of what is being removed", "[build]") {
  const std::string script =
      "mkdir -p /tmp/d/one/x /tmp/d/one/y /tmp/d/two; cd /tmp/d; touch one/a one/b two/c\n"
      "perl -e 'opendir D, \"one\"; @a = readdir D; rewinddir D; @b = readdir D; closedir D;"
      "opendir D, \"two\"; opendir E, \"one\"; @c = readdir D; @d = readdir E;"
      "print \"@a\" eq \"@b\" && \"@a\" eq \"@d\" ? \"same \" : \"other \";"
      "print \"$a[0] $a[1] \", scalar(@a), \" \", scalar(@c)'\n"
      "cd /; rm -r /tmp/d; test ! -e /tmp/d";
  CHECK(printed(true, script) == "same . .. 6 3");
}

TEST_CASE("preload: waits end in time, and a fork in the middle of reading hurts nobody",
          "[build]") {
  for (const bool preload : {false, true})
    CHECK(printed(preload, "/waits").empty());
}

TEST_CASE("preload: only where a dynamic linker is", "[build]") {
  CHECK(loads_preload("/"));
  const TemporaryDirectory place(std::filesystem::temp_directory_path());
  CHECK(!loads_preload(place.path()));
}

TEST_CASE("preload: any dynamic linker takes the library", "[build]") {
  const auto library = image::read_dynamic(as_bytes(preload_library()));
  REQUIRE(library);
  CHECK(library->needed == std::vector<std::string>{"libdl.so.2"});
}

}  // namespace cullet::build
