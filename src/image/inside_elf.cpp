// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/base/error.hpp"

#include "elf_file.hpp"
#include "inside.hpp"

namespace cullet::image {

namespace {

using Strings = std::vector<std::string_view>;

/// Sections by name; a name that comes again gets "#2".
std::map<std::string, std::string_view> sections_of(const ElfFile& file) {
  std::map<std::string, std::string_view> out;
  std::map<std::string, std::size_t> seen;
  for (const auto& section : file.sections()) {
    auto name = file.name(section);
    if (name.empty())
      continue;
    if (const auto count = ++seen[name]; count > 1)
      name += cat(" #", count);
    // One without bytes differs by its size.
    out.emplace(std::move(name),
                section.type == ElfFile::kNoBits ? std::string_view() : file.content(section));
  }
  return out;
}

bool holds_strings(std::string_view name) {
  return name == ".comment" || name.starts_with(".debug_str") || name == ".debug_line_str" ||
         name == ".strtab" || name == ".dynstr" || name.starts_with(".rodata");
}

/// Hashes of the rest of the file, or of another one.
bool is_derived(std::string_view name) {
  return name == ".note.gnu.build-id" || name == ".gnu_debuglink" || name == ".shstrtab";
}

Strings strings_of(std::string_view bytes) {
  Strings out;
  while (!bytes.empty()) {
    const auto end = bytes.find('\0');
    if (const auto one = bytes.substr(0, end); !one.empty())
      out.push_back(one);
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
  }
  return out;
}

/// The strings that each has alone, in their order.
std::pair<Strings, Strings> own_strings(const Strings& a, const Strings& b) {
  const auto without = [](const Strings& from, Strings less) {
    std::sort(less.begin(), less.end());
    Strings out;
    for (const auto& one : from)
      if (!std::binary_search(less.begin(), less.end(), one))
        out.push_back(one);
    return out;
  };
  return {without(a, b), without(b, a)};
}

/// A section of strings: what the first that differ are, and what they tell.
Finding string_section(const std::string& where,
                       std::string_view first,
                       std::string_view second,
                       const DifferenceOptions& known) {
  const auto a = strings_of(first), b = strings_of(second);
  if (same_in_other_order(a, b))
    return finding(where,
                   cat(a.size(), " strings"),
                   {Cause::order, "the same strings stand in another order"});
  const auto [mine, others] = own_strings(a, b);
  if (mine.empty() || others.empty())
    return finding(where,
                   cat(mine.size() + others.size(), " strings are only in one of the two"),
                   guess_from_bytes(first, second, known));
  Guess guess;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < std::min({mine.size(), others.size(), kMostFindings}); ++i) {
    guess = guess_from_text(mine[i], others[i], known);
    if (guess.cause == Cause::unknown)
      continue;
    shown = i;
    break;
  }
  // Which compiler it was is what that section is for.
  if (where == "section .comment")
    guess = {Cause::tool, "compilers write their version there"};
  return finding(where, instead(mine[shown], others[shown]), std::move(guess));
}

}  // namespace

Inside::Findings Inside::in_elf(std::string_view first, std::string_view second) {
  const ElfFile one(first), other(second);
  const auto a = sections_of(one), b = sections_of(other);
  Findings out, derived;
  std::size_t left_out = 0;
  // Sections may lie over each other; no file of sane making has more bytes in them than itself.
  std::uint64_t compared = 0;
  const auto most = 2 * (first.size() + second.size());
  const auto add = [&](Finding found) {
    if (out.size() < kMostFindings)
      out.push_back(std::move(found));
    else
      ++left_out;
  };
  for (const auto& [name, content] : a) {
    const auto where = cat("section ", excerpt(name));
    const auto found = b.find(name);
    if (found == b.end()) {
      add(finding(where, "only in the first", {}));
      continue;
    }
    compared += content.size() + found->second.size();
    if (compared > most)
      throw ElfFile::malformed("its sections are more than the file");
    if (content == found->second)
      continue;
    const auto what = content.size() == found->second.size()
                          ? cat(content.size(),
                                " bytes, differing from byte ",
                                first_difference(content, found->second))
                          : cat(content.size(), " and ", found->second.size(), " bytes");
    if (is_derived(name))
      derived.push_back(finding(where, what, {Cause::unknown, "it follows from the rest"}));
    else if (holds_strings(name))
      add(string_section(where, content, found->second, options_));
    else
      add(finding(where, what, guess_from_bytes(content, found->second, options_)));
  }
  for (const auto& [name, content] : b)
    if (!a.contains(name))
      add(finding(cat("section ", excerpt(name)), "only in the second", {}));
  if (left_out > 0)
    out.push_back(finding("sections", cat("and ", left_out, " more"), {}));
  if (out.empty() && !derived.empty()) {
    derived.front().cause = Cause::path;
    derived.front().because =
        "it is a hash of what was linked, and nothing that is left differs: what was stripped "
        "did, mostly the directory in the debug information";
  }
  out.insert(out.end(), derived.begin(), derived.end());
  return out;
}

}  // namespace cullet::image
