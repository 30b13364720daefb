// SPDX-License-Identifier: Apache-2.0
#include "candidate_write.hpp"

#include <map>
#include <set>

#include "cullet/base/file.hpp"
#include "cullet/base/process.hpp"
#include "cullet/base/text.hpp"

#include "forks.hpp"

namespace cullet::cli {

namespace {

/// git in the workspace, as the user would run it there.
Captured git(Session& session, std::vector<std::string> arguments, const std::string& input = "") {
  ProcessSpec spec;
  spec.argv = {"git"};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  for (const auto& [name, value] : session.environment().variables)
    spec.environment.push_back(cat(name, "=", value));
  spec.directory = session.workspace().root;
  return run_captured(std::move(spec), input, session.cancel());
}

Error git_failed(std::string_view doing, const Captured& result) {
  Error error(Kind::machine, cat("git cannot ", doing, " (", result.status.str(), ")"));
  for (const auto& line : split(trim(result.err), '\n'))
    error.detail(line);
  return std::move(error).hint("what is written in forks/ already can be committed by hand");
}

bool in_work_tree(Session& session) {
  std::error_code ignored;
  for (auto at = session.workspace().root;; at = at.parent_path()) {
    if (std::filesystem::exists(at / ".git", ignored))
      return true;
    if (at == at.parent_path())
      return false;
  }
}

std::string message(const std::vector<const Candidate*>& written) {
  std::vector<std::string> subjects;
  std::string body;
  // Each candidate was built with those before it: the last image of a recipe is what comes of all.
  std::map<std::string, std::string> images;
  for (const auto* candidate : written) {
    const auto& fork = candidate->fork();
    const auto& state = *candidate->answer.state;
    subjects.push_back(cat(fork.name, " ", state.newest.name));
    body += cat("\n", fork.name, ": ", fork.commit, " -> ", state.newest.commit, "\n");
    for (const auto& carried : state.patches)
      if (carried.fate != source::Fate::applies)
        body += cat("  ", fork.patches.at(carried.patch).name(), ": ", fate_of(carried), "\n");
    for (const auto& image : candidate->images)
      images[image.recipe] = image.after.digest.str();
  }
  if (!images.empty())
    body += "\n";
  for (const auto& [recipe, digest] : images)
    body += cat("image ", recipe, ": ", digest, "\n");
  const auto subject = cat("Follow upstream: ", join(subjects, ", "));
  return printable(subject.size() <= 72 ? subject
                                        : cat("Follow upstream: ", subjects.size(), " forks")) +
         "\n" + body;
}

/// A fork's files, relative to the workspace.
std::set<std::string> paths_of(const workspace::Fork& fork) {
  std::set<std::string> paths{fork.at.file};
  for (const auto& patch : fork.patches)
    if (const auto* file = std::get_if<workspace::Patch::File>(&patch.from))
      paths.insert("forks/" + file->path);
  return paths;
}

/// Those that one candidate changes.
std::set<std::string> paths_of(const Candidate& candidate) {
  auto paths = paths_of(candidate.fork());
  for (const auto& [path, text] : candidate.series.files)
    paths.insert("forks/" + path);
  return paths;
}

std::string commit(Session& session, const std::vector<const Candidate*>& written) {
  std::set<std::string> paths;
  for (const auto* candidate : written)
    paths.merge(paths_of(*candidate));
  // git refuses paths that are neither there nor known to it.
  std::vector<std::string> known;
  for (const auto& path : paths) {
    if (is_there(session.workspace().root / path) ||
        !git(session, {"ls-files", "--", ":(literal)" + path}).out.empty())
      known.push_back(":(literal)" + path);
  }
  const auto with_paths = [&](std::vector<std::string> arguments) {
    arguments.emplace_back("--");
    arguments.insert(arguments.end(), known.begin(), known.end());
    return arguments;
  };
  if (const auto added = git(session, with_paths({"add", "--all"})); !added.status.ok())
    throw git_failed("add the fork's files", added);
  const auto done =
      git(session, with_paths({"commit", "--quiet", "--file=-", "--only"}), message(written));
  if (!done.status.ok())
    throw git_failed("commit", done);
  return std::string(trim(git(session, {"rev-parse", "HEAD"}).out));
}

}  // namespace

void refuse_uncommitted(Session& session, const std::vector<const workspace::Fork*>& forks) {
  if (forks.empty() || !in_work_tree(session))
    return;
  std::vector<std::string> arguments{"status", "--porcelain", "--untracked-files=all", "--"};
  for (const auto* fork : forks)
    for (const auto& path : paths_of(*fork))
      arguments.push_back(":(literal)" + path);
  const auto status = git(session, arguments);
  if (!status.status.ok())
    throw git_failed("say what is not committed", status);
  if (status.out.empty())
    return;
  Error error(Kind::input, "files that --write would commit have changes that are not committed");
  for (const auto& line : split(trim(status.out), '\n'))
    error.detail(printable(trim(line)));
  throw std::move(error).hint(
      "commit them, or take them back (git restore forks): they are yours, or a run was killed "
      "before its commit");
}

void refuse_unwritable(Session& session, const Candidate& candidate) {
  const auto& fork = candidate.fork();
  const auto& pin = candidate.series.pin.value();
  if (fork.url.empty())
    throw Error(Kind::input,
                cat("the pin of fork '", fork.name, "' is an import: it can't be moved"))
        .detail(cat("upstream's ", candidate.answer.state->newest.name, " is commit ", pin.commit))
        .hint("name the new release archive in `import:`, or clone the fork by `url:`");
  auto moved = fork;
  moved.commit = pin.commit;
  ProgressView view(session.environment());
  try {
    source::ensure_pin(source_context(session, view), moved);
  } catch (Error& error) {
    throw error.hint(cat("bring upstream's commit into our fork: git push ",
                         printable(fork.url),
                         " ",
                         pin.commit,
                         ":refs/heads/NAME"));
  }
}

std::string write_candidates(Session& session, std::vector<Candidate>& candidates) {
  std::vector<const Candidate*> written;
  std::string not_written;
  for (auto& candidate : candidates) {
    if (candidate.outcome != Candidate::Outcome::good)
      continue;
    try {
      with_context(cat("writing fork '", candidate.fork().name, "'"), [&] {
        if (!not_written.empty())
          throw Error(Kind::machine,
                      cat("it was tried with what is new of fork '",
                          not_written,
                          "', which could not be written"))
              .hint("run the command again when it can");
        write_series(session, candidate.fork(), candidate.series);
      });
      candidate.written = true;
      written.push_back(&candidate);
    } catch (const Error& error) {
      if (error.kind() == Kind::interrupted)
        throw;
      candidate.error = error;
      candidate.outcome = Candidate::Outcome::failed;
      if (not_written.empty())
        not_written = candidate.fork().name;
    }
  }
  return written.empty() || !in_work_tree(session) ? "" : commit(session, written);
}

}  // namespace cullet::cli
