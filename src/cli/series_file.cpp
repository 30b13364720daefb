// SPDX-License-Identifier: Apache-2.0
#include "series_file.hpp"

#include <algorithm>
#include <optional>

#include <fcntl.h>

#include "cullet/base/digest.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/source/source.hpp"
#include "cullet/workspace/edit_pin.hpp"

#include "expiry.hpp"
#include "file_lock.hpp"
#include "forks.hpp"

namespace cullet::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxStem = 80;
constexpr std::uint64_t kMaxFork = 1U << 20U;
constexpr std::uint64_t kMaxPatch = std::uint64_t{64} << 20U;

bool is_stem(std::string_view name) {
  return !name.empty() && name.size() <= kMaxStem && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::int64_t expiry_of(const Session& session, const std::string& text) {
  const auto time = text.size() == 10 ? parse_time(text) : std::nullopt;
  if (!time)
    throw Error(Kind::usage, cat("--expires: '", printable(text), "' is no date"))
        .hint("dates look like 2026-12-20");
  if (*time < today(session))
    throw Error(Kind::usage, cat("--expires: ", text, " is in the past"))
        .detail(cat("today is ", rfc3339(today(session)).substr(0, 10)))
        .hint("give the date by which the patch has to be looked at again");
  return *time;
}

fs::path forks_of(Session& session) {
  return session.workspace().root / "forks";
}

/// Whether a file stands at forks/PATH with other bytes than these.
bool stands_in_the_way(Session& session, const std::string& path, const std::string& text) {
  const auto file = forks_of(session) / path;
  if (!is_there(file))
    return false;
  std::error_code ignored;
  return !fs::is_regular_file(file, ignored) || read_file(file, kMaxPatch) != text;
}

bool is_named(const workspace::Workspace& workspace,
              const workspace::Fork& but,
              const NewSeries& series,
              const std::string& path) {
  const auto names = [&](const workspace::Patch& patch) {
    const auto* file = std::get_if<workspace::Patch::File>(&patch.from);
    return file != nullptr && file->path == path;
  };
  for (const auto& [name, fork] : workspace.forks)
    if (name != but.name && std::any_of(fork.patches.begin(), fork.patches.end(), names))
      return true;
  return std::any_of(series.entries.begin(), series.entries.end(), [&](const auto& entry) {
    return names(entry.patch);
  });
}

/// Removes a patch's file. One that somebody has changed since holds work that is nowhere else.
void remove_patch(Session& session,
                  const workspace::Patch::File& patch,
                  const std::optional<Sha256>& named) {
  const auto file = forks_of(session) / patch.path;
  const auto text = find_file(file, kMaxPatch);
  if (text && named && sha256(*text) != *named) {
    session.environment().err << cat(
        "note: forks/", patch.path, " stays: it is not the patch that the fork named\n");
    return;
  }
  std::error_code ignored;
  fs::remove(file, ignored);
}

/// One process at a time changes the workspace's series.
Fd lock_series(Session& session) {
  const auto directory = session.workspace().root / ".cullet";
  make_directories(directory);
  auto lock = open_file(directory / "series.lock", O_RDWR | O_CREAT);
  wait_for_lock(lock, "the workspace's series", session.cancel());
  return lock;
}

/// forks/FORK/NAME.2.patch for a patch whose text becomes another: the file that the workspace
/// names must not change under it.
std::string next_file(Session& session,
                      const workspace::Fork& fork,
                      const workspace::Patch& patch,
                      const std::map<std::string, std::string>& taken) {
  auto stem = fs::path(patch.name()).filename().string();
  for (const std::string_view end : {".patch", ".diff"})
    if (stem.ends_with(end))
      stem.resize(stem.size() - end.size());
  std::uint64_t number = 1;
  if (const auto dot = stem.rfind('.'); dot != std::string::npos && dot > 0)
    if (const auto last = parse_number(stem.substr(dot + 1)); last && *last > 1 && *last < 10'000) {
      number = *last;
      stem.resize(dot);
    }
  stem = file_stem(stem);
  const bool was_file = std::holds_alternative<workspace::Patch::File>(patch.from);
  for (number += was_file ? 1 : 0;; ++number) {
    const auto path =
        cat(fork.name, "/", stem, number > 1 ? cat(".", number) : std::string(), ".patch");
    if (!is_there(forks_of(session) / path) && !taken.contains(path))
      return path;
  }
}

}  // namespace

std::vector<workspace::SeriesEntry> entries_of(const workspace::Fork& fork) {
  std::vector<workspace::SeriesEntry> entries;
  for (std::size_t i = 0; i < fork.patches.size(); ++i)
    entries.push_back({i, fork.patches[i]});
  return entries;
}

workspace::Patch new_patch(Session& session,
                           const workspace::Fork& fork,
                           const PatchWords& words,
                           const std::string& name,
                           const std::string& text) {
  auto stem = words.name.empty() ? name : words.name;
  if (stem.ends_with(".patch"))
    stem.resize(stem.size() - 6);
  if (!is_stem(stem))
    throw Error(Kind::usage, cat("'", printable(stem), "' can't be a patch's name"))
        .hint("--name takes letters, digits, '.', '_' and '-', at most 80 of them");
  workspace::Patch patch;
  const auto path = cat(fork.name, "/", stem, ".patch");
  patch.from = workspace::Patch::File{path};
  patch.fixes = words.fixes;
  patch.reason = words.reason;
  if (trim(patch.reason).empty())
    throw Error(Kind::usage, "a patch needs a reason").hint("--reason 'why we carry it'");
  patch.by = words.by.empty() ? source::git_identity(session.environment().variables) : words.by;
  patch.added = rfc3339(today(session)).substr(0, 10);
  if (!words.expires.empty())
    patch.expires = expiry_of(session, words.expires);
  patch.sha256 = sha256(text);
  for (const auto& other : fork.patches)
    if (other.name() == path)
      throw Error(Kind::input, cat("fork '", fork.name, "' has a patch '", path, "' already"))
          .detail(cat("at ", other.at.str()))
          .hint("give this one another name: --name NAME");
  if (stands_in_the_way(session, path, text))
    throw Error(Kind::input, cat("forks/", path, " is there already, with another content"))
        .hint("give this one another name: --name NAME; or remove that file, which no fork names");
  return patch;
}

workspace::Patch refreshed(Session& session,
                           const workspace::Fork& fork,
                           const workspace::Patch& was,
                           const std::string& text,
                           NewSeries& series) {
  auto patch = was;
  const auto path = next_file(session, fork, was, series.files);
  if (const auto* commit = std::get_if<workspace::Patch::Commit>(&was.from))
    if (patch.picked.empty())
      patch.picked = {commit->id};
  patch.from = workspace::Patch::File{path};
  patch.strip = 1;
  patch.sha256 = sha256(text);
  series.files[path] = text;
  return patch;
}

std::string file_stem(const std::string& words) {
  std::string stem;
  for (const char c : words) {
    const bool kept = is_stem(std::string_view(&c, 1)) || c == '.' || c == '-';
    if (kept)
      stem += c;
    else if (!stem.empty() && stem.back() != '-')
      stem += '-';
    if (stem.size() == kMaxStem)
      break;
  }
  while (stem.ends_with('-') || stem.ends_with('.'))
    stem.pop_back();
  while (!stem.empty() && (stem[0] == '.' || stem[0] == '-'))
    stem.erase(0, 1);
  return stem.empty() ? "patch" : stem;
}

void try_series(Session& session,
                const workspace::Fork& fork,
                const NewSeries& series,
                ProgressView& view) {
  auto context = source_context(session, view);
  context.unwritten = series.files;
  auto tried = fork;
  tried.patches.clear();
  for (const auto& entry : series.entries)
    tried.patches.push_back(entry.patch);
  source::ensure_pin(context, tried);
  static_cast<void>(source::prepare(context, tried));
}

void write_series(Session& session, const workspace::Fork& fork, const NewSeries& series) {
  const auto lock = lock_series(session);
  const auto file = session.workspace().root / fork.at.file;
  const auto text = read_file(file, kMaxFork);
  const auto now = workspace::parse_fork(text, fork.at.file, fork.name);
  const bool as_read = now.commit == fork.commit && std::equal(now.patches.begin(),
                                                               now.patches.end(),
                                                               fork.patches.begin(),
                                                               fork.patches.end(),
                                                               workspace::same);
  if (!as_read)
    throw Error(Kind::input, cat(fork.at.file, " was changed by somebody else in the meantime"))
        .hint("run it again");
  auto edited = workspace::edit_patches(text, fork, series.entries);
  if (series.pin)
    edited = workspace::edit_pin(edited,
                                 workspace::parse_fork(edited, fork.at.file, fork.name),
                                 series.pin->commit,
                                 series.pin->version);
  for (const auto& [path, content] : series.files) {
    make_directories((forks_of(session) / path).parent_path());
    replace_file(forks_of(session) / path, content);
  }
  replace_file(file, edited);
  for (const auto& patch : fork.patches) {
    const auto* was = std::get_if<workspace::Patch::File>(&patch.from);
    if (was != nullptr && was->path.starts_with(fork.name + "/") &&
        !is_named(session.workspace(), fork, series, was->path))
      remove_patch(session, *was, patch.sha256);
  }
}

}  // namespace cullet::cli
