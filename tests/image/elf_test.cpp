// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/elf.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/process.hpp"

using namespace cullet;
using namespace cullet::image;

namespace {

/// A shared library that the compiler made; empty where it can't make one of that kind.
std::string library(const std::vector<std::string>& options) {
  const TemporaryDirectory directory("/tmp");
  replace_file(directory.path() / "x.c",
               "int offered(void) { return 1; }\n"
               "int also_offered = 2;\n"
               "__attribute__((visibility(\"hidden\"))) int kept(void) { return 3; }\n"
               "static int own(void) { return 4; }\n"
               "extern int wanted(void);\n"
               "int uses(void) { return wanted() + own() + kept(); }\n");
  ProcessSpec spec;
  spec.argv = {
      "gcc", "-shared", "-fPIC", "-nostdlib", "-Wl,-soname,libx.so.1", "-o", "x.so", "x.c"};
  spec.argv.insert(spec.argv.end(), options.begin(), options.end());
  spec.directory = directory.path();
  spec.environment = {"PATH=/usr/bin:/bin"};
  if (!run_captured(std::move(spec), "", Cancel()).status.ok())
    return {};
  return read_file(directory.path() / "x.so", 1U << 20U);
}

/// A little-endian number of `size` bytes.
std::string number(std::uint64_t value, std::size_t size) {
  std::string out;
  for (; out.size() < size; value >>= 8U)
    out += static_cast<char>(value & 255U);
  return out;
}

/// A 64-bit library of nothing but a string table and symbols, or needs, at each of its bytes.
std::string library_of_names(const std::string& strings, bool as_symbols) {
  std::string symbols(24, '\0'), tags;
  for (std::size_t at = 0; at + 1 < strings.size(); ++at) {
    if (as_symbols)
      symbols += number(at, 4) + "\x12" + number(0, 1) + number(1, 2) + number(0, 16);
    else
      tags += number(1, 8) + number(at, 8);
  }
  tags += number(0, 16);
  std::string data, headers(64, '\0');
  const auto add = [&](std::uint64_t type, const std::string& bytes) {
    headers += number(0, 4) + number(type, 4) + number(0, 16) + number(64 + data.size(), 8) +
               number(bytes.size(), 8) + number(1, 4) + number(0, 20);
    data += bytes;
  };
  add(3, strings);
  add(11, symbols);
  add(6, tags);
  // The string table is the first section that is one.
  return std::string(
             "\x7f"
             "ELF\x02\x01\x01") +
         number(0, 9) + number(3, 2) + number(62, 2) + number(1, 4) + number(0, 16) +
         number(64 + data.size(), 8) + number(0, 4) + number(64, 2) + number(0, 4) + number(64, 2) +
         number(4, 2) + number(0, 2) + data + headers;
}

}  // namespace

TEST_CASE("read_dynamic: names may share their ends, but not be many times what they are of") {
  const bool as_symbols = GENERATE(true, false);
  const auto few = library_of_names("abcdef" + std::string(1, '\0'), as_symbols);
  const auto object = read_dynamic(as_bytes(few));
  REQUIRE(object);
  CHECK((as_symbols ? object->symbols.size() : object->needed.size()) == 6);
  const auto many = library_of_names(std::string(2000, 'a') + std::string(1, '\0'), as_symbols);
  try {
    static_cast<void>(read_dynamic(as_bytes(many)));
    FAIL("it was read");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::input);
    CHECK_THAT(error.message(), Catch::Contains("many times the table"));
  }
}

TEST_CASE("read_dynamic: soname and the symbols that a library offers, in either class") {
  for (const auto& options : std::vector<std::vector<std::string>>{{}, {"-m32"}, {"-s"}}) {
    const auto file = library(options);
    if (file.empty() && !options.empty() && options[0] == "-m32") {
      WARN("skipped: this compiler makes no 32-bit libraries");
      continue;
    }
    const auto object = read_dynamic(as_bytes(file));
    REQUIRE(object);
    CHECK(object->soname == "libx.so.1");
    CHECK(object->symbols.contains("offered"));
    CHECK(object->symbols.contains("also_offered"));
    CHECK(object->symbols.contains("uses"));
    for (const auto* other : {"kept", "own", "wanted"})
      CHECK_FALSE(object->symbols.contains(other));
  }
}

TEST_CASE("read_dynamic: what is no ELF file, or none that is dynamic, has nothing to say") {
  CHECK_FALSE(read_dynamic(as_bytes("")));
  CHECK_FALSE(read_dynamic(as_bytes("#!/bin/sh\n")));
  CHECK_FALSE(
      read_dynamic(as_bytes("\x7f"
                            "ELF")));
}

TEST_CASE(
    "read_dynamic: a file that is cut or damaged anywhere is refused or read, never overrun") {
  const auto file = library({});
  REQUIRE(!file.empty());
  std::size_t refused = 0;
  const auto attempt = [&](const std::string& bytes) {
    // A copy of exactly its size, so that sanitizers see a read beyond it.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    try {
      static_cast<void>(read_dynamic(as_bytes({exact.data(), exact.size()})));
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::input);
      ++refused;
    }
  };
  for (std::size_t size = 0; size < file.size(); size += size < 256 ? 1 : 97)
    attempt(file.substr(0, size));
  CHECK(refused > 0);
  refused = 0;
  for (std::size_t at = 0; at < file.size(); at += at < 64 ? 1 : 13) {
    auto damaged = file;
    damaged[at] = static_cast<char>(~damaged[at]);
    attempt(damaged);
  }
  CHECK(refused > 0);
}
