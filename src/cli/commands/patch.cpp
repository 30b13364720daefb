// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/base/utf8.hpp"
#include "cullet/source/series.hpp"

#include "../awaited_source.hpp"
#include "../command.hpp"
#include "../expiry.hpp"
#include "../forks.hpp"
#include "../patch_options.hpp"

namespace cullet::cli {

namespace {

constexpr std::uint64_t kMaxPatch = std::uint64_t{64} << 20U;

struct AddOptions {
  std::string fork, source;
  std::vector<std::string> pick;
  unsigned mainline = 0;
  PatchWords words;
};

struct Text {
  std::string text;
  std::string name;  ///< what to call the patch by default
  std::vector<std::string> picked;
};

Text read_source(Session& session, const AddOptions& options) {
  Text text;
  if (options.source == "-") {
    AwaitedSource input(STDIN_FILENO, "standard input", session.cancel());
    text.text = read_all(input, kMaxPatch, "the patch on standard input");
    text.name =
        file_stem(options.words.fixes.empty() ? options.words.reason : options.words.fixes[0]);
  } else {
    const auto path = session.directory() / options.source;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored))
      throw Error(Kind::input, cat(path.string(), " is not a regular file"));
    text.text = read_file(path, kMaxPatch);
    text.name = file_stem(path.stem().string());
  }
  return text;
}

Text pick_commits(Session& session,
                  const workspace::Fork& fork,
                  const AddOptions& options,
                  ProgressView& view) {
  const auto context = source_context(session, view);
  source::ensure_pin(context, fork);
  auto picked = source::pick(context, fork, options.pick, options.mainline);
  return {std::move(picked.text),
          file_stem(options.words.fixes.empty() ? picked.subject : options.words.fixes[0]),
          std::move(picked.commits)};
}

/// Where only the patches of the fork keep a new one from applying, that is worth knowing.
void explain(Session& session,
             const workspace::Fork& fork,
             const NewSeries& series,
             ProgressView& view,
             Error& error) {
  if (fork.patches.empty() || error.kind() != Kind::input)
    return;
  NewSeries alone{{series.entries.back()}, series.files};
  try {
    try_series(session, fork, alone, view);
  } catch (const Error&) {
    return;
  }
  std::vector<std::string> names;
  for (const auto& patch : fork.patches)
    names.push_back(patch.name());
  error.detail(
      cat("it applies without the fork's other patches: it contradicts ", join(names, " or ")));
  error.hint(cat("make it on top of them: `cullet patch edit ", fork.name, "`"));
}

/// A patch as `patch list --json` has it.
Json patch_record(Session& session, const workspace::Fork& fork, const workspace::Patch& patch) {
  const auto left = days_left(patch, today(session));
  Json record{{"fork", fork.name},
              {"name", patch.name()},
              {"fixes", patch.fixes},
              {"reason", patch.reason},
              {"by", patch.by},
              {"added", patch.added},
              {"expires", patch.expires ? Json(rfc3339(*patch.expires).substr(0, 10)) : Json()},
              {"days_left", left ? Json(*left) : Json()},
              {"expired", left && *left < 0},
              {"sha256", patch.sha256 ? Json(patch.sha256->hex()) : Json()},
              {"picked", patch.picked}};
  if (std::holds_alternative<workspace::Patch::File>(patch.from))
    record["origin"] = "file";
  else
    record["origin"] =
        std::holds_alternative<workspace::Patch::Commit>(patch.from) ? "commit" : "archive";
  return record;
}

int add(Session& session, const AddOptions& options) {
  const auto& fork = find_fork(session, options.fork);
  if (options.source.empty() == options.pick.empty())
    throw Error(Kind::usage, "a patch comes from a file, from '-' or from --pick COMMIT")
        .hint("`cullet patch add --help` has an example of each");
  if (options.mainline != 0 && options.pick.empty())
    throw Error(Kind::usage, "--mainline says how --pick sees a merge, and there is no --pick")
        .hint("leave it out");
  NewSeries series{entries_of(fork), {}};
  workspace::Patch patch;
  {
    ProgressView view(session.environment());
    auto text = options.pick.empty() ? read_source(session, options)
                                     : pick_commits(session, fork, options, view);
    patch = new_patch(session, fork, options.words, text.name, text.text);
    patch.picked = std::move(text.picked);
    series.entries.push_back({std::nullopt, patch});
    series.files[patch.name()] = std::move(text.text);
    try {
      try_series(session, fork, series, view);
    } catch (Error& error) {
      explain(session, fork, series, view, error);
      throw;
    }
  }
  write_series(session, fork, series);
  if (session.options().json)
    session.print(patch_record(session, fork, patch));
  else
    session.environment().out << cat("forks/", patch.name(), "\n");
  return 0;
}

int list(Session& session, const std::string& name) {
  const auto now = today(session);
  Json patches = Json::array();
  for (const auto& [fork_name, fork] : session.workspace().forks) {
    if (!name.empty() && fork_name != name)
      continue;
    for (const auto& patch : fork.patches) {
      patches.push_back(patch_record(session, fork, patch));
      if (session.options().json)
        continue;
      const auto left = days_left(patch, now);
      const auto state = !left       ? std::string("no expiry")
                         : *left < 0 ? cat("EXPIRED ", -*left, " days ago")
                                     : cat(*left, " days left");
      session.environment().out << printable(cat(fork_name,
                                                 "  ",
                                                 patch.name(),
                                                 "  ",
                                                 patch.fixes.empty() ? "-" : join(patch.fixes, ","),
                                                 "  ",
                                                 state,
                                                 "  ",
                                                 patch.added.empty() ? "-" : patch.added,
                                                 "  ",
                                                 patch.by.empty() ? "-" : patch.by))
                                << "\n    " << printable(patch.reason) << '\n';
    }
  }
  if (!name.empty())
    find_fork(session, name);
  if (session.options().json)
    session.print({{"patches", patches}});
  return 0;
}

int show(Session& session, const std::string& fork_name, const std::string& name) {
  const auto& fork = find_fork(session, fork_name);
  const auto& patch = fork.patches.at(find_patch(fork, name));
  std::string text;
  {
    ProgressView view(session.environment());
    const auto context = source_context(session, view);
    source::ensure_pin(context, fork);
    text = source::read_patch(context, fork, patch).text;
  }
  if (session.options().json) {
    auto record = patch_record(session, fork, patch);
    record["sha256"] = sha256(text).hex();
    // JSON holds UTF-8 alone, and a patch the bytes of whatever files it changes.
    const bool utf8 = !first_invalid_utf8(text);
    record["encoding"] = utf8 ? "utf-8" : "base64";
    record["text"] = utf8 ? std::move(text) : base64(text);
    session.print(record);
  } else {
    session.environment().out << text;
  }
  return 0;
}

/// Whether the fork's patches apply as they are.
bool applies(Session& session, const workspace::Fork& fork, ProgressView& view) {
  try {
    try_series(session, fork, {entries_of(fork), {}}, view);
    return true;
  } catch (const Error& error) {
    if (error.kind() != Kind::input)
      throw;
    return false;
  }
}

/// Tries what is left. Where the series was broken before, dropping is not what breaks it: nobody
/// would get out of there one patch at a time. Returns what is wrong with the rest, or nothing.
std::string wrong_without(Session& session,
                          const workspace::Fork& fork,
                          const std::string& dropped,
                          const NewSeries& rest) {
  ProgressView view(session.environment());
  try {
    with_context(cat("trying fork '", fork.name, "' without ", dropped),
                 [&] { try_series(session, fork, rest, view); });
  } catch (const Error& error) {
    if (error.kind() != Kind::input || applies(session, fork, view))
      throw;
    return error.message();
  }
  return {};
}

int drop(Session& session, const std::string& fork_name, const std::vector<std::string>& names) {
  const auto& fork = find_fork(session, fork_name);
  std::set<std::size_t> gone;
  for (const auto& name : names)
    gone.insert(find_patch(fork, name));
  NewSeries rest;
  std::vector<std::string> dropped;
  for (const auto& entry : entries_of(fork)) {
    if (gone.contains(entry.was.value()))
      dropped.push_back(entry.patch.name());
    else
      rest.entries.push_back(entry);
  }
  const auto wrong = wrong_without(session, fork, join(dropped, ", "), rest);
  write_series(session, fork, rest);
  if (!wrong.empty())
    session.environment().err << "warning: the rest applies no more than before: "
                              << printable(wrong) << '\n';
  if (session.options().json)
    session.print({{"fork", fork.name}, {"dropped", dropped}});
  else
    for (const auto& name : dropped)
      session.environment().out << cat("dropped ", name, "\n");
  return 0;
}

void register_add(CLI::App& parent, Action& chosen) {
  auto options = std::make_shared<AddOptions>();
  auto* command = add_command(parent,
                              "add",
                              "carry a patch, once the whole series was tried with it",
                              "cullet patch add zlib fix.patch --fixes CVE-2023-45853 --reason "
                              "'minizip overflows on long names'\n  cullet patch add zlib --pick "
                              "73331a6a0481 --fixes CVE-2023-45853 --reason 'the fix of upstream'");
  command->add_option("fork", options->fork, "the fork")->required();
  command->add_option("source", options->source, "a patch file, or - for standard input");
  command->add_option("--pick", options->pick, "merge these commits of the fork or its upstream")
      ->type_name("COMMIT")
      ->allow_extra_args();
  command
      ->add_option(
          "--mainline", options->mainline, "of a merge: the parent it is seen from, from 1")
      ->type_name("N")
      ->check(CLI::Range(1U, 100U));
  add_patch_words(*command, options->words);
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return add(session, *options); };
  });
}

}  // namespace

void add_patch_words(CLI::App& command, PatchWords& words) {
  command.add_option("--fixes", words.fixes, "what it fixes; several with commas")
      ->type_name("CVE")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--reason", words.reason, "why we carry it")->type_name("TEXT");
  command.add_option("--expires", words.expires, "when it has to be looked at again")
      ->type_name("YYYY-MM-DD");
  command.add_option("--name", words.name, "what to call it [from its source]")->type_name("NAME");
  command.add_option("--by", words.by, "who adds it [git's user.name and user.email]")
      ->type_name("WHO");
}

void register_patch(CLI::App& app, Action& chosen) {
  auto* command =
      add_command(app,
                  "patch",
                  "carry patches on a fork: add, look at, edit, drop",
                  "cullet patch add zlib fix.patch --fixes CVE-2023-45853 --reason '…'");
  command->require_subcommand(1);
  register_add(*command, chosen);
  auto fork = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  auto* list_command = add_command(*command,
                                   "list",
                                   "patches: what they fix, who added them, when they expire",
                                   "cullet patch list zlib");
  list_command->add_option("fork", *fork, "the fork [all]");
  list_command->callback(
      [fork, &chosen] { chosen = [fork](Session& session) { return list(session, *fork); }; });
  auto* show_command =
      add_command(*command, "show", "print a patch", "cullet patch show zlib CVE-2023-45853");
  show_command->add_option("fork", *fork, "the fork")->required();
  show_command->add_option("patch", *name, "the patch, or the end of its name")->required();
  show_command->callback([fork, name, &chosen] {
    chosen = [fork, name](Session& session) { return show(session, *fork, *name); };
  });
  auto names = std::make_shared<std::vector<std::string>>();
  auto* drop_command = add_command(*command,
                                   "drop",
                                   "stop carrying patches, once the rest was tried without them",
                                   "cullet patch drop zlib CVE-2023-45853");
  drop_command->add_option("fork", *fork, "the fork")->required();
  drop_command->add_option("patch", *names, "the patches, or the ends of their names")->required();
  drop_command->callback([fork, names, &chosen] {
    chosen = [fork, names](Session& session) { return drop(session, *fork, *names); };
  });
  register_patch_edit(*command, chosen);
}

}  // namespace cullet::cli
