// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "../command.hpp"
#include "../upstream_check.hpp"
#include "../upstream_options.hpp"

namespace cullet::cli {

namespace {

constexpr unsigned kLongest = 3600;

void print(Session& session, const UpstreamAnswer& answer) {
  auto& out = session.environment().out;
  out << headline(answer) << '\n';
  if (answer.error) {
    session.environment().err << answer.error->render();
    return;
  }
  for (const auto& carried : answer.state->patches)
    out << cat("  ", answer.fork->patches.at(carried.patch).name(), ": ", fate_of(carried)) << '\n';
  for (const auto& note : answer.state->notes)
    out << cat("  note: ", printable(note)) << '\n';
}

int check(Session& session, const std::vector<std::string>& names, unsigned timeout) {
  Asking asking(session, std::chrono::seconds(timeout));
  const auto answers = ask_upstreams(session, forks_to_ask(session, names), asking);
  Json forks = Json::object();
  std::size_t behind = 0, failed = 0;
  for (const auto& answer : answers) {
    failed += answer.error ? 1 : 0;
    behind += answer.state && answer.state->standing == source::Standing::behind ? 1 : 0;
    forks[answer.fork->name] = to_json(answer);
    if (!session.options().json)
      print(session, answer);
  }
  if (session.options().json)
    session.print({{"forks", forks}, {"behind", behind}, {"failed", failed}});
  else
    session.environment().out << cat(answers.size(),
                                     answers.size() == 1 ? " fork, " : " forks, ",
                                     behind,
                                     " behind, ",
                                     failed,
                                     " failed")
                              << '\n';
  return status_of(answers);
}

}  // namespace

void add_timeout(CLI::App& command, unsigned& seconds) {
  command.add_option("--timeout", seconds, "give up on one that says nothing for so long [30]")
      ->type_name("SECONDS")
      ->check(CLI::Range(1U, kLongest));
}

void register_upstream(CLI::App& app, Action& chosen) {
  auto names = std::make_shared<std::vector<std::string>>();
  auto timeout = std::make_shared<unsigned>(kUpstreamTimeout);
  auto* command = add_command(app,
                              "upstream",
                              "compare forks with their upstreams: what is new, how far behind, "
                              "which patches still apply",
                              "cullet upstream zlib");
  command->add_option("fork", *names, "forks to ask for [all that have an upstream]");
  add_timeout(*command, *timeout);
  register_upstream_build(*command, chosen);
  command->callback([names, timeout, command, &chosen] {
    if (!command->get_subcommands().empty()) {
      if (!names->empty() || command->count("--timeout") > 0)
        throw CLI::ValidationError("upstream build", "forks and --timeout come after `build`");
      return;
    }
    chosen = [names, timeout](Session& session) { return check(session, *names, *timeout); };
  });
}

}  // namespace cullet::cli
