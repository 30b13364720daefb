// SPDX-License-Identifier: Apache-2.0
#include "made_deb.hpp"

#include <cstdio>

#include "cullet/base/error.hpp"

namespace cullet::environment {
namespace {

constexpr std::size_t kBlock = 512;

std::string octal(std::uint64_t value, std::size_t width) {
  std::string text(width, '0');
  for (auto i = width; i > 0 && value != 0; --i, value /= 8)
    text[i - 1] = static_cast<char>('0' + value % 8);
  return text;
}

void put(std::string& header, std::size_t offset, const std::string& value) {
  header.replace(offset, value.size(), value);
}

std::string padded(std::string text, std::size_t width) {
  text.resize(width, ' ');
  return text;
}

}  // namespace

MadeTar& MadeTar::entry(char type,
                        const std::string& path,
                        const std::string& text,
                        const std::string& target,
                        unsigned mode) {
  // ustar (POSIX.1-1988): name, mode, uid, gid, size, mtime, checksum, type, link name, magic.
  std::string header(kBlock, '\0');
  put(header, 0, path.substr(0, 100));
  put(header, 100, octal(mode, 7));
  put(header, 108, octal(0, 7));
  put(header, 116, octal(0, 7));
  put(header, 124, octal(text.size(), 11));
  put(header, 136, octal(0, 11));
  put(header, 148, "        ");
  header[156] = type;
  put(header, 157, target.substr(0, 100));
  put(header,
      257,
      std::string("ustar\0"
                  "00",
                  8));
  unsigned sum = 0;
  for (const char c : header)
    sum += static_cast<unsigned char>(c);
  put(header, 148, octal(sum, 6) + '\0' + ' ');
  bytes_ += header + text;
  bytes_.append((kBlock - text.size() % kBlock) % kBlock, '\0');
  return *this;
}

MadeTar& MadeTar::file(const std::string& path, const std::string& text, unsigned mode) {
  return entry('0', path, text, "", mode);
}
MadeTar& MadeTar::directory(const std::string& path) {
  return entry('5', path, "", "", 0755);
}
MadeTar& MadeTar::symlink(const std::string& path, const std::string& target) {
  return entry('2', path, "", target, 0777);
}
MadeTar& MadeTar::hardlink(const std::string& path, const std::string& target) {
  return entry('1', path, "", target);
}

std::string MadeTar::bytes() const {
  return bytes_ + std::string(2 * kBlock, '\0');
}

std::string made_ar(const Members& members) {
  std::string text = "!<arch>\n";
  for (const auto& [name, bytes] : members) {
    text += padded(name, 16) + padded("0", 12) + padded("0", 6) + padded("0", 6) +
            padded("100644", 8) + padded(std::to_string(bytes.size()), 10) + "`\n" + bytes;
    if (bytes.size() % 2 != 0)
      text += '\n';
  }
  return text;
}

std::string made_control(const std::string& name,
                         const std::string& version,
                         const std::string& more,
                         const std::string& postinst) {
  MadeTar tar;
  tar.directory("./")
      .file("./control",
            "Package: " + name + "\nVersion: " + version +
                "\nArchitecture: amd64\nDescription: made for a test\n a long text\n" + more)
      .file("./md5sums", "0123  usr/share/doc/" + name + "\n");
  if (!postinst.empty())
    tar.file("./postinst", postinst, 0755);
  return tar.bytes();
}

std::string made_deb(const std::string& name, const MadeTar& data, const std::string& version) {
  return made_ar({{"debian-binary", "2.0\n"},
                  {"control.tar", made_control(name, version)},
                  {"data.tar", data.bytes()}});
}

LockedPackage stored(store::Store& store,
                     const std::string& name,
                     const std::string& deb,
                     const std::string& version) {
  LockedPackage package;
  package.name = package.source = name;
  package.version = package.source_version = version;
  package.architecture = "amd64";
  package.path =
      cat("pool/main/", name.substr(0, 1), "/", name, "/", name, "_", version, "_amd64.deb");
  package.size = deb.size();
  package.sha256 = store.put_blob(deb);
  return package;
}

}  // namespace cullet::environment
