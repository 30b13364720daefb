// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <iostream>
#include <random>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "store/scratch.hpp"

using namespace cullet;
using namespace cullet::store;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kTreeTime = 315532800;

TreeManifest captured(const fs::path& root,
                      const CapturePolicy& policy = {},
                      unsigned threads = 2) {
  return capture(root, policy, threads, Cancel());
}

std::string text_of(const fs::path& root, const CapturePolicy& policy = {}) {
  return captured(root, policy).serialize();
}

std::string line_of(std::string_view mode, std::string_view bytes, std::string_view path) {
  return cat("f ", mode, " ", bytes.size(), " ", sha256(bytes).hex(), " ", path, "\n");
}

/// Directories inside each other, made and entered one name at a time; the innermost's descriptor.
Fd descend(const fs::path& root, const std::string& name, std::size_t levels) {
  auto fd = open_directory(root);
  for (std::size_t i = 0; i < levels; ++i) {
    REQUIRE(::mkdirat(fd.get(), name.c_str(), 0755) == 0);
    fd = open_at(fd.get(), name, O_RDONLY | O_DIRECTORY);
  }
  return fd;
}

}  // namespace

TEST_CASE("capture: describes and canonicalises every kind of entry") {
  const auto mask = GENERATE(mode_t{0}, mode_t{022}, mode_t{077});
  const Scratch scratch(mask);
  const auto root = scratch / "root";
  put(root / "bin/tool", "run", 0750);
  put(root / "bin/only-others", "x", 0601);
  put(root / "etc/secret", "s", 0600);
  put(root / "etc/wide", "w", 0666);
  make_directories(root / "sticky");
  REQUIRE(::chmod((root / "sticky").c_str(), 01777) == 0);
  REQUIRE(::symlink("/nowhere/at all", (root / "etc/link").c_str()) == 0);
  REQUIRE(::chmod(root.c_str(), 0700) == 0);

  CHECK(text_of(root) == "cullet-tree 1\nd 0755 bin\n" + line_of("0755", "x", "bin/only-others") +
                             line_of("0755", "run", "bin/tool") + "d 0755 etc\n" +
                             "l etc/link /nowhere/at%20all\n" + line_of("0644", "s", "etc/secret") +
                             line_of("0644", "w", "etc/wide") + "d 0755 sticky\n");
  CHECK(mode_of(root) == 0755);
  CHECK(mode_of(root / "bin/tool") == 0755);
  CHECK(mode_of(root / "etc/secret") == 0644);
  CHECK(mode_of(root / "etc/wide") == 0644);
  CHECK(mode_of(root / "sticky") == 0755);
  for (const auto* name : {".", "bin", "bin/tool", "etc/link", "etc/secret"}) {
    const auto status = status_of(root / name);
    CHECK(status.st_mtim.tv_sec == kTreeTime);
    CHECK(status.st_mtim.tv_nsec == 0);
  }
}

TEST_CASE("capture: the digest depends on content, not on order, umask or threads") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  std::vector<int> order(400);
  for (int i = 0; i < 400; ++i)
    order[static_cast<std::size_t>(i)] = i;
  std::optional<TreeDigest> first;
  for (const unsigned threads : {0U, 1U, 2U, 7U}) {
    const Scratch scratch(threads % 2 == 0 ? 0077 : 0);
    std::shuffle(order.begin(), order.end(), random);
    for (const int i : order)
      put(scratch / cat("d", i % 7, "/e", i % 3, "/f", i),
          std::string(static_cast<std::size_t>(i) * 99, 'x'));
    const auto digest = captured(scratch.path(), {}, threads).digest();
    if (!first)
      first = digest;
    CHECK(digest == *first);
    CHECK(captured(scratch.path(), {}, threads).digest() == *first);
  }
}

TEST_CASE("capture: reads files and directories that lost their permissions") {
  const Scratch scratch;
  const auto root = scratch / "root";
  put(root / "locked/inner/file", "bytes", 0000);
  put(root / "locked/write-only", "w", 0200);
  REQUIRE(::chmod((root / "locked/inner").c_str(), 0000) == 0);
  REQUIRE(::chmod((root / "locked").c_str(), 0400) == 0);
  REQUIRE(::chmod(root.c_str(), 0000) == 0);
  CHECK(text_of(root) == "cullet-tree 1\nd 0755 locked\nd 0755 locked/inner\n" +
                             line_of("0644", "bytes", "locked/inner/file") +
                             line_of("0644", "w", "locked/write-only"));
  CHECK(mode_of(root / "locked/inner/file") == 0644);
  CHECK(mode_of(root / "locked/inner") == 0755);
}

TEST_CASE("capture: takes any name that a file system can hold") {
  const Scratch scratch;
  for (const auto* name : {"new\nline", "\xff\xfe", " ", "-rf", "%41", "\x1b[2J", "a\\b"})
    put(scratch / name, "x");
  const auto text = text_of(scratch.path());
  for (const auto* escaped : {"new%0Aline", "%FF%FE", "%20", "-rf", "%2541", "%1B[2J", "a\\b"})
    CHECK_THAT(text, Catch::Contains(line_of("0644", "x", escaped)));
}

TEST_CASE("capture: linked files are hardlinks of the first path") {
  const Scratch scratch;
  const auto root = scratch / "root";
  put(root / "m/middle", "bytes", 0755);
  make_directories(root / "a");
  REQUIRE(::link((root / "m/middle").c_str(), (root / "z").c_str()) == 0);
  REQUIRE(::link((root / "m/middle").c_str(), (root / "a/first").c_str()) == 0);
  // A link from outside of the tree is none of the tree's.
  put(root / "single", "s");
  REQUIRE(::link((root / "single").c_str(), (scratch / "outside").c_str()) == 0);
  CHECK(text_of(root) == "cullet-tree 1\nd 0755 a\n" + line_of("0755", "bytes", "a/first") +
                             "d 0755 m\nh m/middle a/first\n" + line_of("0644", "s", "single") +
                             "h z a/first\n");
}

TEST_CASE("capture: symlinks are never followed") {
  const Scratch scratch;
  put(scratch / "outside/file", "secret", 0600);
  make_directories(scratch / "root");
  REQUIRE(::symlink("../outside", (scratch / "root/dir").c_str()) == 0);
  REQUIRE(::symlink("../outside/file", (scratch / "root/file").c_str()) == 0);
  REQUIRE(::symlink(".", (scratch / "root/self").c_str()) == 0);
  const std::string far(4000, 'x');
  REQUIRE(::symlink(far.c_str(), (scratch / "root/far").c_str()) == 0);
  CHECK(text_of(scratch / "root") ==
        "cullet-tree 1\nl dir ../outside\nl far " + far + "\nl file ../outside/file\nl self .\n");
  CHECK(mode_of(scratch / "outside/file") == 0600);
  CHECK(status_of(scratch / "outside/file").st_mtim.tv_sec != kTreeTime);

  REQUIRE(::symlink("outside", (scratch / "link").c_str()) == 0);
  CHECK(failure([&] { captured(scratch / "link"); }).kind() == Kind::input);
}

TEST_CASE("capture: refuses what is neither file, directory nor symlink") {
  const Scratch scratch;
  const auto root = scratch / "root";
  make_directories(root);
  const auto refused = [&] {
    const auto error = failure([&] { captured(root); });
    CHECK(error.kind() == Kind::input);
    return error.message();
  };
  SECTION("a fifo") {
    REQUIRE(::mkfifo((root / "pipe").c_str(), 0644) == 0);
    CHECK(refused() == "'pipe' is a fifo, which a tree can't hold");
  }
  SECTION("a socket") {
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = (root / "s").string();
    if (path.size() >= sizeof(address.sun_path)) {
      std::cerr << "skipped: the temporary directory's path is too long for a socket\n";
      return;
    }
    std::strcpy(address.sun_path, path.c_str());
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    CHECK(refused() == "'s' is a socket, which a tree can't hold");
  }
  SECTION("a device") {
    // overlayfs's whiteout, the one device that anybody may make
    if (::mknod((root / "gone").c_str(), S_IFCHR | 0644, 0) != 0) {
      std::cerr << "skipped: mknod: " << std::strerror(errno) << "\n";
      return;
    }
    CHECK(refused() == "'gone' is a device, which a tree can't hold");
  }
  SECTION("a name that could drive a terminal") {
    REQUIRE(::mkfifo((root / "\x1b[2J\n").c_str(), 0644) == 0);
    CHECK(refused() == "'\\x1b[2J\\x0a' is a fifo, which a tree can't hold");
  }
}

TEST_CASE("capture: setuid and setgid only where declared, and never on disk") {
  const Scratch scratch;
  const auto root = scratch / "root";
  put(root / "su", "x", 0755);
  put(root / "plain", "y", 0755);
  const auto set = [&](mode_t mode) { REQUIRE(::chmod((root / "su").c_str(), mode) == 0); };
  CapturePolicy policy;
  SECTION("undeclared setuid") {
    set(04755);
    const auto error = failure([&] { captured(root); });
    CHECK(error.kind() == Kind::input);
    CHECK(error.message() == "'su' is setuid, which the recipe doesn't declare");
    CHECK(error.hints().size() == 1);
  }
  SECTION("undeclared setgid of a directory") {
    make_directories(root / "dir");
    REQUIRE(::chmod((root / "dir").c_str(), 02755) == 0);
    CHECK(failure([&] { captured(root); }).message() ==
          "'dir' is setgid, which the recipe doesn't declare");
  }
  SECTION("declared") {
    set(GENERATE(04755, 0644));
    policy.modes = {{"su", 04755}, {"absent", 0600}};
    const auto manifest = captured(root, policy);
    CHECK(manifest.find("su")->mode == 04755);
    CHECK(mode_of(root / "su") == 0755);
  }
  SECTION("declared without") {
    set(04755);
    policy.modes = {{"su", 0700}};
    CHECK(captured(root, policy).find("su")->mode == 0700);
    CHECK(mode_of(root / "su") == 0700);
  }
  SECTION("the owner can always read") {
    make_directories(root / "dir");
    policy.modes = {{"su", 0000}, {"dir", 0055}};
    const auto manifest = captured(root, policy);
    CHECK(manifest.find("su")->mode == 0);
    CHECK(manifest.find("dir")->mode == 0055);
    CHECK(mode_of(root / "su") == 0400);
    CHECK(mode_of(root / "dir") == 0755);
  }
  SECTION("for any path of a linked file") {
    REQUIRE(::link((root / "su").c_str(), (root / "zu").c_str()) == 0);
    set(04755);
    policy.modes = {{"zu", 06755}};
    const auto manifest = captured(root, policy);
    CHECK(manifest.find("su")->mode == 06755);
    CHECK(manifest.find("zu")->mode == 06755);
    CHECK(mode_of(root / "zu") == 0755);
    policy.modes["zu"] = 0700;
    (void)captured(root, policy);
    CHECK(mode_of(root / "su") == 0700);
    policy.modes["su"] = 0755;
    const auto error = failure([&] { captured(root, policy); });
    CHECK(error.kind() == Kind::input);
    CHECK(error.message() == "'zu' is linked to a file for which another mode is declared");
  }
}

TEST_CASE("capture: extended attributes and ACLs go") {
  const Scratch scratch;
  put(scratch / "root/file", "x", 0444);
  make_directories(scratch / "root/dir");
  const auto file = scratch / "root/file";
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  if (::setxattr(file.c_str(), "user.overlay.opaque", "y", 1, 0) != 0) {
    std::cerr << "skipped: no extended attributes here: " << std::strerror(errno) << "\n";
    return;
  }
  // POSIX_ACL_XATTR_VERSION 2, then (tag, permissions, id): a named user may write.
  const unsigned char acl[] = {2, 0, 0,   0,   1,   0,   6,    0, 255, 255, 255, 255, 2,   0,    6,
                               0, 9, 3,   0,   0,   4,   0,    4, 0,   255, 255, 255, 255, 0x10, 0,
                               6, 0, 255, 255, 255, 255, 0x20, 0, 4,   0,   255, 255, 255, 255};
  const bool acls = ::setxattr(file.c_str(), "system.posix_acl_access", acl, sizeof(acl), 0) == 0;
  REQUIRE(::setxattr((scratch / "root/dir").c_str(), "user.long", "y", 1, 0) == 0);
  for (int i = 0; i < 100; ++i)  // more names than fit one guess of a buffer
    if (::setxattr(file.c_str(), cat("user.", std::string(60, 'n'), i).c_str(), "", 0, 0) != 0)
      break;
  if (acls)
    CHECK(mode_of(file) == 0664);
  REQUIRE(::chmod(file.c_str(), 0444) == 0);

  CHECK(text_of(scratch / "root") == "cullet-tree 1\nd 0755 dir\n" + line_of("0644", "x", "file"));
  char names[256];
  CHECK(::listxattr(file.c_str(), names, sizeof(names)) == 0);
  CHECK(::listxattr((scratch / "root/dir").c_str(), names, sizeof(names)) == 0);
  CHECK(mode_of(file) == 0644);
}

TEST_CASE("capture: file capabilities are refused") {
  const Scratch scratch;
  put(scratch / "tool", "x", 0755);
  const unsigned char net_raw[20] = {0, 0, 0, 2, 0, 0x20};  // VFS_CAP_REVISION_2
  if (::setxattr((scratch / "tool").c_str(), "security.capability", net_raw, 20, 0) != 0) {
    std::cerr << "skipped: setting a capability: " << std::strerror(errno) << "\n";
    return;
  }
  const auto error = failure([&] { captured(scratch.path()); });
  CHECK(error.kind() == Kind::input);
  CHECK(error.message() == "'tool' has file capabilities");
}

TEST_CASE("capture: the policy's bounds hold before anything is read") {
  const Scratch scratch;
  CapturePolicy policy;
  SECTION("a sparse file of a terabyte") {
    put(scratch / "sparse", "");
    if (::truncate((scratch / "sparse").c_str(), off_t{1} << 40U) != 0) {
      std::cerr << "skipped: no sparse files here: " << std::strerror(errno) << "\n";
      return;
    }
    const auto error = failure([&] { captured(scratch.path()); });
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(),
               Catch::StartsWith("with 'sparse' (1024.0 GiB)") ||
                   Catch::StartsWith("with 'sparse' (1.0 TiB)"));
    CHECK_THAT(error.message(), Catch::EndsWith("the tree holds more than 16.0 GiB"));
  }
  SECTION("the sum of sizes, a linked file once") {
    put(scratch / "a", std::string(60, 'a'));
    REQUIRE(::link((scratch / "a").c_str(), (scratch / "b").c_str()) == 0);
    policy.max_bytes = 100;
    CHECK_NOTHROW(captured(scratch.path(), policy));
    put(scratch / "c", std::string(41, 'c'));
    CHECK(failure([&] { captured(scratch.path(), policy); }).message() ==
          "with 'c' (41 B) the tree holds more than 100 B");
  }
  SECTION("the number of entries") {
    for (int i = 0; i < 10; ++i)
      put(scratch / cat("d/", i), "");
    policy.max_entries = 11;
    CHECK_NOTHROW(captured(scratch.path(), policy));
    policy.max_entries = 10;
    const auto error = failure([&] { captured(scratch.path(), policy); });
    CHECK(error.kind() == Kind::input);
    CHECK(error.message() == "'d': the tree holds more than 10 files and directories");
  }
}

TEST_CASE("capture: paths up to PATH_MAX, directories of any depth, with few descriptors") {
  const Scratch scratch;
  const auto root = scratch / "root";
  make_directories(root);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  SECTION("the longest path") {
    // 15 * 256 + 255 = 4095
    const auto innermost = descend(root, std::string(255, 'd'), 15);
    const std::string last(255, 'f');
    write_all(open_at(innermost.get(), last, O_WRONLY | O_CREAT).get(), as_bytes("deep"), "deep");
    const auto manifest = captured(root);
    CHECK(manifest.entries().size() == 16);
    CHECK(manifest.entries().back().path.str().size() == kMaxPath);
    CHECK(manifest.entries().back().content == sha256("deep"));
  }
  SECTION("one byte more") {
    const auto innermost = descend(root, std::string(255, 'd'), 15);
    REQUIRE(::mkdirat(innermost.get(), std::string(254, 'e').c_str(), 0755) == 0);
    const auto more = open_at(innermost.get(), std::string(254, 'e'), O_RDONLY | O_DIRECTORY);
    (void)open_at(more.get(), "f", O_WRONLY | O_CREAT);
    const auto error = failure([&] { captured(root); });
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(),
               Catch::EndsWith("… ' is a path of more than 4095 bytes") ||
                   Catch::EndsWith("is a path of more than 4095 bytes"));
  }
  SECTION("far beyond") {
    (void)descend(root, std::string(200, 'd'), 100);
    CHECK(failure([&] { captured(root); }).kind() == Kind::input);
  }
  SECTION("more levels than descriptors") {
    const auto innermost = descend(root, "d", 300);
    write_all(open_at(innermost.get(), "f", O_WRONLY | O_CREAT).get(), as_bytes("x"), "f");
    put(root / "d/d/z", "z");
    const rlimit few{128 + 64, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    const auto manifest = captured(root);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(manifest.entries().size() == 302);
    CHECK(manifest.find("d/d/z") != nullptr);
  }
}

TEST_CASE("capture: what belongs to others becomes ours") {
  if (::geteuid() != 0) {
    std::cerr << "skipped: only root can give files away\n";
    return;
  }
  const Scratch scratch;
  put(scratch / "root/file", "x", 0755);
  REQUIRE(::symlink("x", (scratch / "root/link").c_str()) == 0);
  for (const auto* name : {"file", "link", ""})
    REQUIRE(::lchown((scratch / "root" / name).c_str(), 1234, 5678) == 0);
  (void)captured(scratch / "root");
  for (const auto* name : {"file", "link", ""}) {
    CHECK(status_of(scratch / "root" / name).st_uid == 0);
    CHECK(status_of(scratch / "root" / name).st_gid == ::getegid());
  }
  CHECK(mode_of(scratch / "root/file") == 0755);
}

TEST_CASE("capture: can be cancelled and says when there is nothing to capture") {
  const Scratch scratch;
  put(scratch / "root/file", "x");
  const Cancel cancel;
  cancel.request();
  CHECK(failure([&] { capture(scratch / "root", {}, 2, cancel); }).kind() == Kind::interrupted);
  for (const auto* name : {"absent", "root/file"}) {
    const auto error = failure([&] { captured(scratch / name); });
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(), Catch::EndsWith("' is not a directory"));
  }
}
