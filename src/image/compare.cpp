// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/compare.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/elf.hpp"

namespace cullet::image {

namespace {

constexpr std::uint64_t kLargest = std::uint64_t{256} << 20U;

using Libraries = std::map<std::string, DynamicObject>;

std::uint64_t bytes_of(const Contents& contents) {
  std::uint64_t bytes = 0;
  for (const auto& [path, file] : contents)
    if (file.entry.type == archive::EntryType::file)
      bytes += file.entry.size;
  return bytes;
}

bool is_library(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  const auto at = name.find(".so");
  return at != name.npos && (at + 3 == name.size() || name[at + 3] == '.');
}

/// The libraries among the paths, by soname.
Libraries libraries_of(Repository& in,
                       const Descriptor& image,
                       const Contents& contents,
                       const std::set<std::string>& paths,
                       const Cancel& cancel,
                       const ReadOptions& options,
                       std::vector<std::string>& notes) {
  Libraries found;
  const auto wanted = [&](const std::string& path, const File& file) {
    if (!paths.contains(path) || !is_library(path))
      return false;
    if (file.entry.size > kLargest)
      notes.push_back(cat("/", path, " is too large to be looked into"));
    return file.entry.size <= kLargest;
  };
  const auto visit = [&](const std::string& path, std::string bytes) {
    try {
      if (auto object = read_dynamic(as_bytes(bytes))) {
        auto name = object->soname.empty() ? path : object->soname;
        found.insert_or_assign(std::move(name), std::move(*object));
      }
    } catch (const Error& error) {
      notes.push_back(cat("/", path, ": ", error.message()));
    }
  };
  read_files(in, image, contents, wanted, cancel, visit, options);
  return found;
}

template <class Range>
std::vector<std::string> without(const Range& from, const Range& less) {
  const std::set<std::string> a(from.begin(), from.end()), b(less.begin(), less.end());
  std::vector<std::string> out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

void compare_libraries(const Libraries& before, const Libraries& after, Comparison& out) {
  for (const auto& [name, was] : before) {
    const auto found = after.find(name);
    if (found == after.end()) {
      out.libraries_removed.push_back(name);
      continue;
    }
    const auto& now = found->second;
    LibraryChange change{name,
                         without(now.symbols, was.symbols),
                         without(was.symbols, now.symbols),
                         without(now.needed, was.needed),
                         without(was.needed, now.needed)};
    if (!change.symbols_added.empty() || !change.symbols_removed.empty() ||
        !change.needed_added.empty() || !change.needed_removed.empty())
      out.libraries.push_back(std::move(change));
  }
  for (const auto& [name, object] : after)
    if (!before.contains(name))
      out.libraries_added.push_back(name);
}

}  // namespace

bool is_licence(std::string_view path) {
  const auto name = lower_case(path.substr(path.rfind('/') + 1));
  for (const std::string_view begin : {"license", "licence", "copying", "copyright", "notice"})
    if (name == begin || name.starts_with(cat(begin, ".")) || name.starts_with(cat(begin, "-")))
      return true;
  return false;
}

Comparison compare(Repository& before_in,
                   const Descriptor& before,
                   Repository& after_in,
                   const Descriptor& after,
                   Depth depth,
                   const Cancel& cancel,
                   const ReadOptions& options) {
  Comparison out;
  const auto now = read_contents(after_in, after, cancel, options);
  const auto was = read_contents(before_in, before, cancel, options);
  out.bytes_before = bytes_of(was);
  out.bytes_after = bytes_of(now);
  out.files_before = was.size();
  out.files_after = now.size();
  out.files = diff(was, now);
  std::set<std::string> paths;
  for (const auto& difference : out.files) {
    paths.insert(difference.path);
    if (is_licence(difference.path))
      out.licences.push_back(difference.path);
  }
  if (depth == Depth::libraries && std::any_of(paths.begin(), paths.end(), is_library))
    compare_libraries(libraries_of(before_in, before, was, paths, cancel, options, out.notes),
                      libraries_of(after_in, after, now, paths, cancel, options, out.notes),
                      out);
  return out;
}

}  // namespace cullet::image
