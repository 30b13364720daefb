// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/hex.hpp"
#include "cullet/base/text.hpp"
#include "cullet/source/new_fork.hpp"
#include "cullet/workspace/name.hpp"

#include "../command.hpp"
#include "../forks.hpp"

namespace cullet::cli {

namespace {

int list(Session& session) {
  Json forks = Json::object();
  for (const auto& [name, fork] : session.workspace().forks) {
    forks[name] = {{"commit", fork.commit},
                   {"version", fork.version},
                   {"upstream", fork.upstream},
                   {"patches", fork.patches.size()}};
    if (!session.options().json)
      session.environment().out << cat(name,
                                       " ",
                                       fork.version.empty() ? "-" : fork.version,
                                       " ",
                                       fork.commit.substr(0, 12),
                                       " ",
                                       fork.patches.size(),
                                       " patches")
                                << '\n';
  }
  if (session.options().json)
    session.print({{"forks", forks}});
  return 0;
}

int sync(Session& session, const std::vector<std::string>& names) {
  std::vector<const workspace::Fork*> forks;
  for (const auto& name : names)
    forks.push_back(&find_fork(session, name));
  if (names.empty())
    for (const auto& [name, fork] : session.workspace().forks)
      forks.push_back(&fork);
  Json synced = Json::object();
  for (const auto* fork : forks) {
    {
      ProgressView view(session.environment());
      const auto context = source_context(session, view);
      with_context(cat("fetching fork '", fork->name, "'"), [&] { source::sync(context, *fork); });
      source::ensure_pin(context, *fork);
    }
    synced[fork->name] = fork->commit;
    if (!session.options().json)
      session.environment().out << cat(fork->name, " ", fork->commit) << '\n';
  }
  if (session.options().json)
    session.print({{"forks", synced}});
  return 0;
}

int import(Session& session, const std::string& name) {
  const auto& fork = find_fork(session, name);
  if (!fork.import)
    throw Error(Kind::input, cat(fork.at.file, ": fork '", name, "' has no `import:`"));
  std::string commit;
  {
    ProgressView view(session.environment());
    commit = source::import_archive(source_context(session, view), fork);
  }
  if (session.options().json)
    session.print({{"fork", name}, {"commit", commit}, {"pinned", commit == fork.commit}});
  else
    session.environment().out << commit << '\n';
  if (commit != fork.commit && !session.options().json)
    session.environment().err << cat("note: ",
                                     fork.at.file,
                                     " pins ",
                                     fork.commit,
                                     "; to build from the archive, pin this commit")
                              << '\n';
  return 0;
}

struct AddOptions {
  std::string name, upstream, url, commit, version;
};

/// Single quotes keep YAML from reading anything into a value.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char letter : text)
    out.append(letter == '\'' ? 2 : 1, letter);
  return out + "'";
}

int add(Session& session, const AddOptions& options) {
  if (!workspace::is_name(options.name))
    throw Error(Kind::usage, cat("'", printable(options.name), "' can't be a fork's name"))
        .hint("a name holds a-z, 0-9, '.', '_' and '-', and begins with a letter or a digit");
  if (!is_hex(options.commit, 40))
    throw Error(Kind::usage, cat("--commit '", printable(options.commit), "' is no commit's id"))
        .detail("a pin is all 40 digits: a tag or a branch may be moved to another commit")
        .hint(
            "`git ls-remote URL` prints those of tags and branches; v1.2^{} is what v1.2 leads to");
  const auto path = session.workspace().root / "forks" / (options.name + ".yaml");
  if (is_there(path))
    throw Error(Kind::input, cat("forks/", options.name, ".yaml is there already"))
        .hint("change its pin there, or give the new fork another name");
  auto text = cat("upstream: ",
                  quoted(options.upstream),
                  "\nurl: ",
                  quoted(options.url.empty() ? options.upstream : options.url),
                  "\npin:\n  commit: ",
                  quoted(options.commit),
                  options.version.empty() ? "" : "\n  version: " + quoted(options.version),
                  "\n");
  std::string track;
  const auto fork = workspace::parse_fork(text, cat("forks/", options.name, ".yaml"), options.name);
  {
    ProgressView view(session.environment());
    const auto context = source_context(session, view);
    // Tried before it is written: a fork that can't be had, or a pin that is not in it, leaves no
    // file, and no mirror that was made for it.
    try {
      source::ensure_pin(context, fork);
    } catch (const Error&) {
      source::forget_unpinned(context, fork);
      throw;
    }
    if (const auto tags = source::tags_to_track(context, fork); !tags.empty()) {
      track = tags;
      text += cat("track: { tags: ", quoted(tags), " }\n");
    }
  }
  make_directories(path.parent_path());
  replace_file(path, text);
  if (session.options().json)
    session.print({{"fork", options.name},
                   {"file", path.string()},
                   {"track", track.empty() ? Json() : Json(track)}});
  else
    session.environment().out << path.string() << '\n';
  if (!track.empty() && !session.options().json)
    session.environment().err << cat("note: it follows the tags ", printable(track), "\n");
  return 0;
}

void register_add(CLI::App& parent, Action& chosen) {
  auto options = std::make_shared<AddOptions>();
  auto* command = add_command(parent,
                              "add",
                              "add a fork at a pinned commit, once it was found there",
                              "cullet fork add zlib https://github.com/madler/zlib.git --commit "
                              "04f42cec… --version 1.2.13");
  command->add_option("name", options->name, "the fork's name")->required();
  command->add_option("upstream", options->upstream, "git URL of the upstream")->required();
  command->add_option("--url", options->url, "git URL of our fork [the upstream's]");
  command->add_option("--commit", options->commit, "the commit to pin, 40 digits")->required();
  command->add_option("--version", options->version, "the version this commit is");
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return add(session, *options); };
  });
}

}  // namespace

void register_fork(CLI::App& app, Action& chosen) {
  auto* command = add_command(app, "fork", "look after the forks", "cullet fork sync zlib");
  command->require_subcommand(1);
  add_command(*command, "list", "forks, their pins and patches", "cullet fork list")
      ->callback([&chosen] { chosen = list; });
  auto names = std::make_shared<std::vector<std::string>>();
  auto* sync_command = add_command(
      *command, "sync", "fetch forks and check their pins", "cullet fork sync zlib pcre2");
  sync_command->add_option("fork", *names, "forks to fetch [all]");
  sync_command->callback(
      [names, &chosen] { chosen = [names](Session& session) { return sync(session, *names); }; });
  auto name = std::make_shared<std::string>();
  auto* import_command = add_command(*command,
                                     "import",
                                     "make a fork's commit from its archive and print it",
                                     "cullet fork import zlib");
  import_command->add_option("fork", *name, "the fork")->required();
  import_command->callback(
      [name, &chosen] { chosen = [name](Session& session) { return import(session, *name); }; });
  register_add(*command, chosen);
}

}  // namespace cullet::cli
