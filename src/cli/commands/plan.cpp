// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"

#include "../command.hpp"
#include "../expiry.hpp"

namespace cullet::cli {

namespace {

std::string_view state_name(plan::State state) {
  switch (state) {
    case plan::State::cached:
      return "cached";
    case plan::State::run:
      return "build";
    case plan::State::depends:
      return "maybe";
  }
  return "";
}

Json to_json(const plan::Node& node) {
  Json action{{"action", plan::name(node.kind)},
              {"subject", node.subject},
              {"state", state_name(node.state)}};
  if (node.key)
    action["key"] = node.key->str();
  if (!node.why.empty())
    action["why"] = node.why;
  return action;
}

int show_plan(Session& session, const std::vector<std::string>& recipes, bool all, bool strict) {
  const auto& workspace = session.workspace();
  const auto kept =
      std::make_shared<plan::Plan>(build::make_plan(workspace, session.lock(), recipes));
  session.environment().kept.push_back(kept);
  auto& plan = *kept;
  const auto expired = expired_patches(plan, today(session));
  warn_expired(session, expired, strict);
  build::Observer silent;
  plan::examine(plan, build::knowledge(session.build_context(silent)));
  if (session.options().json) {
    Json actions = Json::array();
    for (const auto& node : plan.nodes)
      actions.push_back(to_json(node));
    session.print({{"actions", actions}, {"warnings", to_json(expired)}});
    return 0;
  }
  auto& out = session.environment().out;
  std::size_t cached = 0;
  for (const auto& node : plan.nodes) {
    const bool is_cached = node.state == plan::State::cached;
    cached += is_cached ? 1 : 0;
    if (all || !is_cached)
      out << cat(state_name(node.state), "  ", node.title(), node.why.empty() ? "" : ": ", node.why)
          << '\n';
  }
  out << cat(cached, " of ", plan.nodes.size(), " actions are cached") << '\n';
  return 0;
}

}  // namespace

void register_plan(CLI::App& app, Action& chosen) {
  auto recipes = std::make_shared<std::vector<std::string>>();
  auto all = std::make_shared<bool>(false);
  auto strict = std::make_shared<bool>(false);
  auto* command = add_command(
      app, "plan", "show what would be built, and why each thing would be", "cullet plan nginx");
  command->add_option("recipe", *recipes, "recipes to plan [all of the workspace]");
  command->add_flag("--all", *all, "list what is cached, too");
  command->add_flag("--strict", *strict, "fail if a patch has expired");
  command->callback([recipes, all, strict, &chosen] {
    chosen = [recipes, all, strict](Session& session) {
      return show_plan(session, *recipes, *all, *strict);
    };
  });
}

}  // namespace cullet::cli
