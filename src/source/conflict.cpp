// SPDX-License-Identifier: Apache-2.0
#include "conflict.hpp"

#include <algorithm>
#include <map>

#include "cullet/base/text.hpp"

#include "workbench.hpp"

namespace cullet::source {
namespace {

constexpr std::size_t kMaxLines = 20;

/// A changed range of lines: of the file before, and where it is in the file after.
struct Change {
  std::uint64_t begin, end;  ///< of the old file, end exclusive; empty for an insertion
  std::uint64_t line;        ///< of the new file
  std::string text;          ///< what stands there now
};

int add_hunk(const git_diff_delta* /*delta*/, const git_diff_hunk* hunk, void* payload) {
  const auto start = static_cast<std::uint64_t>(hunk->old_start);
  const auto count = static_cast<std::uint64_t>(hunk->old_lines);
  // Of an insertion, git names the line before it.
  const auto begin = count == 0 ? start + 1 : start;
  static_cast<std::vector<Change>*>(payload)->push_back(
      {begin, begin + count, std::max(1ULL, static_cast<unsigned long long>(hunk->new_start)), ""});
  return 0;
}

int add_line(const git_diff_delta* /*delta*/,
             const git_diff_hunk* /*hunk*/,
             const git_diff_line* line,
             void* payload) {
  if (line->origin == GIT_DIFF_LINE_ADDITION)
    static_cast<std::vector<Change>*>(payload)->back().text.append(line->content,
                                                                   line->content_len);
  return 0;
}

std::vector<Change> changes(git_repository* repository,
                            const git_index_entry& before,
                            const git_index_entry& after) {
  Blob from, to;
  if (git_blob_lookup(out_ptr(from), repository, &before.id) < 0)
    return {};
  if (git_blob_lookup(out_ptr(to), repository, &after.id) < 0)
    return {};
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.context_lines = 0;
  options.interhunk_lines = 0;
  std::vector<Change> found;
  check(git_diff_blobs(from.get(),
                       nullptr,
                       to.get(),
                       nullptr,
                       &options,
                       nullptr,
                       nullptr,
                       add_hunk,
                       add_line,
                       &found),
        "compare files");
  return found;
}

/// git calls it a conflict when the two sides change the same lines, or lines that touch.
std::vector<std::uint64_t> meeting_lines(const std::vector<Change>& ours,
                                         const std::vector<Change>& theirs) {
  std::vector<std::uint64_t> lines;
  for (const auto& our : ours)
    for (const auto& their : theirs) {
      const bool same = our.begin == their.begin && our.end == their.end && our.text == their.text;
      if (same || our.begin > their.end || their.begin > our.end || lines.size() == kMaxLines)
        continue;
      if (lines.empty() || lines.back() != our.line)
        lines.push_back(our.line);
    }
  return lines;
}

bool is_file(const git_index_entry& entry) {
  return entry.mode == GIT_FILEMODE_BLOB || entry.mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

Conflict describe(git_repository* repository,
                  const git_index_entry* base,
                  const git_index_entry* ours,
                  const git_index_entry* theirs) {
  Conflict conflict;
  conflict.path = (ours != nullptr ? ours : theirs != nullptr ? theirs : base)->path;
  if (ours == nullptr && theirs == nullptr)
    conflict.why = "it is renamed differently";
  else if (base == nullptr)
    conflict.why =
        ours != nullptr && theirs != nullptr ? "both add it" : "it is renamed differently";
  else if (ours == nullptr)
    conflict.why = "it is not there";
  else if (theirs == nullptr)
    conflict.why = "the change deletes it, but it is another one there";
  else
    conflict.why = "both change it";
  if (base != nullptr && ours != nullptr && theirs != nullptr && is_file(*base) && is_file(*ours) &&
      is_file(*theirs))
    conflict.lines =
        meeting_lines(changes(repository, *base, *ours), changes(repository, *base, *theirs));
  return conflict;
}

}  // namespace

std::string Conflict::str() const {
  std::vector<std::string> numbers;
  for (const auto line : lines)
    numbers.push_back(std::to_string(line));
  return cat(printable(path),
             numbers.empty()       ? ""
             : numbers.size() == 1 ? ", line "
                                   : ", lines ",
             join(numbers, ", "),
             ": ",
             why);
}

std::vector<Conflict> conflicts_of(git_repository* repository, git_index* index) {
  ConflictIterator iterator;
  check(git_index_conflict_iterator_new(out_ptr(iterator), index), "read the conflicts of a merge");
  std::map<std::string, Conflict> found;
  const git_index_entry *base = nullptr, *ours = nullptr, *theirs = nullptr;
  int next = 0;
  while ((next = git_index_conflict_next(&base, &ours, &theirs, iterator.get())) == 0) {
    auto conflict = describe(repository, base, ours, theirs);
    const auto path = conflict.path;
    found.emplace(path, std::move(conflict));
  }
  if (next != GIT_ITEROVER)
    check(next, "read the conflicts of a merge");
  std::vector<Conflict> conflicts;
  for (auto& [path, conflict] : found)
    conflicts.push_back(std::move(conflict));
  return conflicts;
}

}  // namespace cullet::source
