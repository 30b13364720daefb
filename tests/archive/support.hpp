// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "cullet/archive/compression.hpp"
#include "cullet/archive/reader.hpp"
#include "cullet/archive/tar_writer.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/process.hpp"

#include "base/failure.hpp"
#include "support/string_sink.hpp"

namespace cullet::archive {

inline std::filesystem::path temporary_parent() {
  const char* const given = std::getenv("TMPDIR");
  return given != nullptr && *given != '\0' ? given : "/tmp";
}

/// Text that compresses about threefold; the same for one seed everywhere.
inline std::string sample(std::size_t size, std::uint_fast32_t seed = 1) {
  std::mt19937 random(seed);
  std::string text;
  text.reserve(size + 64);
  while (text.size() < size) {
    text += "entry " + std::to_string(random() % 1000) + " of ";
    text += std::to_string(random());
    text += '\n';
  }
  text.resize(size);
  return text;
}

inline std::string compressed(std::string_view text,
                              const Compression& compression,
                              unsigned threads = 2) {
  StringSink out;
  const auto compressor = compress(compression, out, threads);
  compressor->write(as_bytes(text));
  compressor->finish();
  return std::move(out).text();
}

inline std::string decompressed(std::string_view bytes, std::uint64_t limit = UINT64_MAX) {
  MemorySource source(bytes);
  return read_all(*decompress(source, limit, "stream"), UINT64_MAX, "stream");
}

inline Entry file_entry(std::string_view path, std::uint64_t size = 0, std::uint32_t mode = 0644) {
  return {.path = *RelativePath::parse(path),
          .type = EntryType::file,
          .mode = mode,
          .size = size,
          .target = {},
          .xattrs = {}};
}
inline Entry other_entry(std::string_view path, EntryType type, std::string target = {}) {
  auto entry = file_entry(path);
  entry.type = type;
  entry.mode = type == EntryType::directory ? 0755 : type == EntryType::symlink ? 0777 : 0644;
  entry.target = std::move(target);
  return entry;
}

struct Item {
  Entry entry;
  std::string content;
};
inline Item file_item(std::string_view path, std::string content, std::uint32_t mode = 0644) {
  auto entry = file_entry(path, content.size(), mode);
  return {std::move(entry), std::move(content)};
}

inline std::string tar_of(const std::vector<Item>& items) {
  StringSink out;
  TarWriter writer(out);
  for (const auto& item : items) {
    MemorySource body(item.content);
    writer.add(item.entry, item.entry.type == EntryType::file ? &body : nullptr);
  }
  writer.finish();
  return std::move(out).text();
}

/// All that an archive says.
inline std::vector<Item> items_of(std::string_view bytes,
                                  Format format = Format::tar,
                                  const Limits& limits = {}) {
  MemorySource source(bytes);
  Reader reader(source, "test.archive", format, limits);
  std::vector<Item> items;
  while (auto entry = reader.next())
    items.push_back({*entry, read_all(reader.body(), UINT64_MAX, "body")});
  return items;
}

/// Runs a program with `input`; nullopt, and a note on why, when the machine doesn't have it.
inline std::optional<Captured> run_tool(std::vector<std::string> argv,
                                        std::string_view input,
                                        std::string_view locale = "C.UTF-8") {
  std::vector<std::string> environment = {"LC_ALL=" + std::string(locale), "TZ=UTC"};
  for (const char* const key : {"PATH", "HOME"})
    if (const char* const value = std::getenv(key))
      environment.push_back(std::string(key) + "=" + value);
  const auto name = argv[0];
  const auto found = run_captured({.argv = {"sh", "-c", "command -v \"$0\"", name},
                                   .environment = environment,
                                   .directory = {},
                                   .inherit = {},
                                   .before_exec = {}},
                                  "",
                                  Cancel());
  if (!found.status.ok()) {
    WARN("skipped: " << name << " is not installed");
    return std::nullopt;
  }
  return run_captured({.argv = std::move(argv),
                       .environment = std::move(environment),
                       .directory = {},
                       .inherit = {},
                       .before_exec = {}},
                      input,
                      Cancel());
}

}  // namespace cullet::archive
