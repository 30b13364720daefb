// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/claimed_directory.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/source/edit.hpp"

#include "../forks.hpp"
#include "../patch_options.hpp"

namespace cullet::cli {

namespace {

namespace fs = std::filesystem;

/// It loses its name as a whole first: half of it would pass for edits that delete the rest.
void remove_checkout(const fs::path& directory) {
  const ClaimedDirectory grave(directory.parent_path(), ".new");
  fs::rename(directory, grave.path() / "checkout");
  remove_tree(grave.path());
}

int abort_edit(Session& session, const workspace::Fork& fork) {
  const auto directory = checkout_of(session, fork);
  if (!is_there(directory))
    throw Error(Kind::input, cat("there is no checkout of fork '", fork.name, "'"))
        .hint(cat("`cullet patch edit ", fork.name, "` makes one"));
  remove_checkout(directory);
  if (session.options().json)
    session.print({{"fork", fork.name}, {"removed", directory.string()}});
  else
    session.environment().out << cat("removed ", directory.string(), "\n");
  return 0;
}

int edit(Session& session, const std::string& name) {
  const auto& fork = find_fork(session, name);
  const auto directory = checkout_of(session, fork);
  {
    ProgressView view(session.environment());
    const auto context = source_context(session, view);
    source::ensure_pin(context, fork);
    if (is_there(directory)) {
      if (source::has_unsaved(directory))
        throw Error(Kind::input, cat(directory.string(), " has changes that are not saved"))
            .hint(cat("`cullet patch save ",
                      fork.name,
                      "` makes patches of them, `cullet patch edit ",
                      fork.name,
                      " --abort` throws them away"));
      if (!source::is_current(context, fork, directory))
        remove_checkout(directory);
    }
    if (!is_there(directory))
      source::make_checkout(context, fork, directory);
  }
  if (session.options().json)
    session.print({{"fork", fork.name}, {"directory", directory.string()}});
  else
    session.environment().out << cat(directory.string(), "\n");
  return 0;
}

workspace::Patch added(Session& session,
                       const workspace::Fork& fork,
                       const source::EditedPatch& edited,
                       PatchWords words,
                       NewSeries& series) {
  if (words.reason.empty())
    words.reason = edited.subject;
  if (words.reason.empty())
    throw Error(Kind::usage,
                "the changes that are not committed make a new patch: it needs a reason")
        .hint(
            "--reason 'why we carry it'; or `git commit --amend` them into the patch they belong "
            "to");
  const auto stem = file_stem(!edited.subject.empty() ? edited.subject
                              : words.fixes.empty()   ? words.reason
                                                      : words.fixes[0]);
  auto patch = new_patch(session, fork, words, stem, edited.text);
  if (!series.files.emplace(patch.name(), edited.text).second)
    throw Error(Kind::input, cat("two new patches would be called ", patch.name()))
        .hint("give their commits different subjects");
  return patch;
}

/// Words are about a new patch: without one they would be lost.
void refuse_idle(const workspace::Fork& fork, const PatchWords& words) {
  const std::pair<bool, std::string_view> about_new[] = {{!words.fixes.empty(), "--fixes"},
                                                         {!words.reason.empty(), "--reason"},
                                                         {!words.expires.empty(), "--expires"},
                                                         {!words.name.empty(), "--name"},
                                                         {!words.by.empty(), "--by"}};
  for (const auto& [given, name] : about_new)
    if (given)
      throw Error(Kind::usage, cat(name, " is about a new patch, and the checkout makes none"))
          .detail("what changed belongs to commits of patches that are there")
          .hint(cat("leave it out; what a patch says stands in ", fork.at.file, ", to be edited"));
}

NewSeries series_of(Session& session,
                    const workspace::Fork& fork,
                    const source::Edits& edits,
                    const PatchWords& words) {
  NewSeries series;
  std::size_t fresh = 0;
  for (const auto& edited : edits.series)
    fresh += edited.was ? 0 : 1;
  if (fresh == 0)
    refuse_idle(fork, words);
  if (fresh > 1 && !words.name.empty())
    throw Error(Kind::usage, cat("--name is for one new patch, but there are ", fresh))
        .hint("each is called after the subject of its commit");
  for (const auto& edited : edits.series) {
    if (!edited.was)
      series.entries.push_back({std::nullopt, added(session, fork, edited, words, series)});
    else if (edited.text.empty())
      series.entries.push_back({edited.was, fork.patches[*edited.was]});
    else
      series.entries.push_back(
          {edited.was, refreshed(session, fork, fork.patches[*edited.was], edited.text, series)});
  }
  return series;
}

Json report(const workspace::Fork& fork, const source::Edits& edits, const NewSeries& series) {
  Json kept = Json::array(), changed = Json::array(), fresh = Json::array(),
       dropped = Json::array();
  for (std::size_t i = 0; i < edits.series.size(); ++i) {
    const auto& name = series.entries[i].patch.name();
    const auto& edited = edits.series[i];
    if (!edited.was)
      fresh.push_back(name);
    else if (edited.text.empty())
      kept.push_back(name);
    else
      changed.push_back({{"was", fork.patches[*edited.was].name()}, {"name", name}});
  }
  for (const auto index : edits.dropped)
    dropped.push_back(fork.patches[index].name());
  return {{"fork", fork.name},
          {"kept", kept},
          {"changed", changed},
          {"added", fresh},
          {"dropped", dropped}};
}

int save(Session& session, const std::string& name, const PatchWords& words) {
  const auto& fork = find_fork(session, name);
  const auto directory = checkout_of(session, fork);
  if (!is_there(directory))
    throw Error(Kind::input, cat("there is no checkout of fork '", fork.name, "' to save"))
        .hint(cat("`cullet patch edit ", fork.name, "` makes one"));
  source::Edits edits;
  NewSeries series;
  {
    ProgressView view(session.environment());
    const auto context = source_context(session, view);
    source::ensure_pin(context, fork);
    edits = source::read_edits(context, fork, directory);
    series = series_of(session, fork, edits, words);
    if (!edits.empty())
      try_series(session, fork, series, view);
  }
  if (!edits.empty()) {
    write_series(session, fork, series);
    // All that it held is in the workspace now.
    remove_checkout(directory);
  }
  const auto record = report(fork, edits, series);
  if (session.options().json) {
    session.print(record);
    return 0;
  }
  auto& out = session.environment().out;
  for (const auto& one : record.at("changed"))
    out << cat("changed ", one.at("name").get<std::string>(), "\n");
  for (const auto& one : record.at("added"))
    out << cat("added ", one.get<std::string>(), "\n");
  for (const auto& one : record.at("dropped"))
    out << cat("dropped ", one.get<std::string>(), "\n");
  if (edits.empty())
    out << "nothing has changed\n";
  return 0;
}

}  // namespace

fs::path checkout_of(Session& session, const workspace::Fork& fork) {
  return session.workspace().root / ".cullet" / "edit" / fork.name;
}

void register_patch_edit(CLI::App& parent, Action& chosen) {
  auto fork = std::make_shared<std::string>();
  auto abort = std::make_shared<bool>(false);
  auto* edit_command = add_command(parent,
                                   "edit",
                                   "a git checkout of the patched source, to change the series in",
                                   "cd \"$(cullet patch edit zlib)\"");
  edit_command->add_option("fork", *fork, "the fork")->required();
  edit_command->add_flag("--abort", *abort, "throw the checkout away with all changes in it");
  edit_command->callback([fork, abort, &chosen] {
    chosen = [fork, abort](Session& session) {
      return *abort ? abort_edit(session, find_fork(session, *fork)) : edit(session, *fork);
    };
  });
  auto words = std::make_shared<PatchWords>();
  auto* save_command = add_command(parent,
                                   "save",
                                   "make the checkout's commits and changes the fork's series",
                                   "cullet patch save zlib --fixes CVE-2023-45853 --reason '…'");
  save_command->add_option("fork", *fork, "the fork")->required();
  add_patch_words(*save_command, *words);
  save_command->callback([fork, words, &chosen] {
    chosen = [fork, words](Session& session) { return save(session, *fork, *words); };
  });
}

}  // namespace cullet::cli
