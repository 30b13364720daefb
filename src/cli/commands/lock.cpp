// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/workspace/read.hpp"

#include "../command.hpp"

namespace cullet::cli {

namespace {

int lock(Session& session, bool update) {
  const auto& workspace = session.workspace();
  workspace::check_references(workspace);
  const auto before = workspace.files.find("cullet.lock");
  const auto work = session.store().work_directory();
  environment::AptOptions options;
  options.work = work.root();
  options.mirrors = workspace.config.mirrors;
  options.architecture = "amd64";
  options.offline = session.options().offline;
  options.proxies = session.http().options().proxies;
  const auto resolved = environment::resolve(
      workspace, update ? nullptr : &session.lock(), options, session.cancel());
  const auto after = resolved.serialize();
  const bool changed = before == workspace.files.end() || after != before->second;
  if (changed)
    replace_file(workspace.root / "cullet.lock", after);
  if (session.options().json)
    session.print({{"packages", resolved.packages.size()},
                   {"sets", resolved.sets.size()},
                   {"changed", changed}});
  else
    session.environment().out
        << cat("cullet.lock: ", resolved.packages.size(), " packages", changed ? "" : ", unchanged")
        << '\n';
  return 0;
}

}  // namespace

void register_lock(CLI::App& app, Action& chosen) {
  auto update = std::make_shared<bool>(false);
  auto* command = add_command(app,
                              "lock",
                              "resolve the packages of environments and images to cullet.lock",
                              "cullet lock --update");
  command->add_flag("--update", *update, "take the newest versions, for what is locked, too");
  command->callback([update, &chosen] {
    chosen = [update](Session& session) { return lock(session, *update); };
  });
}

}  // namespace cullet::cli
