// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

#include "../candidate_report.hpp"
#include "../candidate_write.hpp"
#include "../command.hpp"
#include "../upstream_options.hpp"
#include "../upstream_record.hpp"

namespace cullet::cli {

namespace {

struct BuildOptions {
  std::vector<std::string> forks;
  CandidateOptions candidate;
  std::string report;
  unsigned timeout = kUpstreamTimeout;
};

/// What became of one: of a conflict every patch, of a refusal every reason.
void print(Session& session, const Candidate& candidate) {
  auto& out = session.environment().out;
  out << headline(candidate) << '\n';
  if (candidate.outcome == Candidate::Outcome::conflict)
    for (const auto& carried : candidate.answer.state->patches)
      out << cat("  ", candidate.fork().patches.at(carried.patch).name(), ": ", fate_of(carried))
          << '\n';
  for (const auto& what : candidate.forbidden)
    out << cat("  ", printable(what)) << '\n';
}

/// Writes the report; what fails is thrown last, when all else was said.
void write_report(Session& session,
                  const std::string& file,
                  const std::vector<Candidate>& candidates,
                  std::optional<Error>& failed) {
  try {
    with_context("writing the report",
                 [&] { replace_file(session.directory() / file, markdown(candidates)); });
  } catch (const Error& error) {
    if (failed)
      session.environment().err << error.render();
    else
      failed = error;
  }
}

int build(Session& session, const BuildOptions& options) {
  const auto forks = forks_to_ask(session, options.forks);
  if (!options.candidate.at.empty() && forks.size() != 1)
    throw Error(Kind::usage, "--at names a commit of one fork").hint("say which fork");
  if (options.candidate.write)
    refuse_uncommitted(session, forks);
  Asking asking(session, std::chrono::seconds(options.timeout));
  auto answers = ask_upstreams(session, forks, asking, {.tree = true, .at = options.candidate.at});
  auto base = session.workspace();
  std::map<std::string, std::string> unwritten;
  std::vector<Candidate> candidates;
  for (auto& answer : answers) {
    candidates.push_back(
        try_candidate(session, std::move(answer), options.candidate, base, unwritten));
    session.cancel().check();
  }
  std::string commit;
  std::optional<Error> failed;
  try {
    if (options.candidate.write)
      commit = write_candidates(session, candidates);
  } catch (const Error& error) {
    // Record and report are worth having all the more.
    failed = error;
  }
  int status = 0;
  Json records = Json::object();
  for (const auto& candidate : candidates) {
    status = std::max(status, candidate.status());
    records[candidate.fork().name] = to_json(candidate);
    if (candidate.error)
      session.environment().err << candidate.error->render();
    if (!session.options().json)
      print(session, candidate);
  }
  if (session.options().json)
    session.print({{"forks", records}, {"commit", commit.empty() ? Json() : Json(commit)}});
  else if (!commit.empty())
    session.environment().out << cat("committed ", commit) << '\n';
  if (!options.report.empty())
    write_report(session, options.report, candidates, failed);
  if (failed)
    throw *failed;
  return status;
}

}  // namespace

void register_upstream_build(CLI::App& parent, Action& chosen) {
  auto options = std::make_shared<BuildOptions>();
  auto* command = add_command(
      parent,
      "build",
      "try what upstream has: carry the patches, build, test, and compare with what is there",
      "cullet upstream build zlib --report zlib.md --write");
  command->add_option("fork", options->forks, "forks to try [all that have an upstream]");
  command->add_option("--at", options->candidate.at, "this commit, tag or branch, not the newest")
      ->type_name("COMMIT");
  command->add_flag("--write",
                    options->candidate.write,
                    "put what is good into the workspace, as one git commit");
  command->add_option("--report", options->report, "write a report in Markdown")->type_name("FILE");
  command
      ->add_option("--push",
                   options->candidate.push,
                   "push images of what is good, unsigned, as TO/RECIPE:candidate-VERSION")
      ->type_name("TO");
  command
      ->add_option("--forbid",
                   options->candidate.forbid,
                   "refuse removed-files, removed-libraries, removed-symbols, licences that differ")
      ->type_name("WHAT")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(
          std::vector<std::string>(std::begin(kForbiddable), std::end(kForbiddable))));
  add_timeout(*command, options->timeout);
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return build(session, *options); };
  });
}

}  // namespace cullet::cli
