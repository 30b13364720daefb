// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <new>
#include <system_error>

#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/cli/cli.hpp"

#include "command.hpp"

namespace cullet::cli {

namespace {

constexpr Register kCommands[] = {
    register_init,  register_fork,     register_patch,        register_lock,    register_upstream,
    register_plan,  register_affected, register_build,        register_shell,   register_key,
    register_sign,  register_verify,   register_attestations, register_explain, register_reproduce,
    register_push,  register_inputs,   register_ls,           register_cat,     register_diff,
    register_store, register_schema,   register_completion,   register_man};

void add_global_options(CLI::App& app, GlobalOptions& options, int& passphrase_fd) {
  app.add_option("-C,--directory", options.directory, "work as if started in DIR")
      ->type_name("DIR");
  app.add_option("--store", options.store, "the store's directory [$CULLET_STORE, ~/.cache/cullet]")
      ->type_name("DIR");
  app.add_flag("--json", options.json, "print one JSON record on standard output");
  app.add_flag("--offline", options.offline, "open no connection");
  app.add_flag("--plain-http", options.plain_http, "speak http to registries that are not local");
  app.add_option("-j,--jobs", options.jobs, "actions and compiler jobs at once [processors]")
      ->type_name("N")
      ->check(CLI::Range(1U, 1024U));
  app.add_option("--passphrase-fd", passphrase_fd, "read a key's passphrase from descriptor N")
      ->type_name("N");
}

/// Every command takes the global options after its name too.
void let_options_fall_through(CLI::App& app) {
  for (auto* command : app.get_subcommands({})) {
    command->fallthrough();
    let_options_fall_through(*command);
  }
}

std::vector<std::string> names(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* command : app.get_subcommands({}))
    out.push_back(command->get_name());
  return out;
}

/// CLI11's own words say what is wrong; a misspelt command gets the nearest one.
Error usage_error(const CLI::App& app,
                  const CLI::ParseError& error,
                  const std::vector<std::string>& arguments) {
  Error out(Kind::usage, error.what());
  if (app.get_subcommands().empty() && !arguments.empty())
    if (const auto near = nearest(arguments[0], names(app)))
      out.hint(cat("did you mean `cullet ", *near, "`?"));
  out.hint("`cullet --help` and `cullet COMMAND --help` show what there is");
  return out;
}

/// What the standard library says of the machine (its file system, its threads) is no bug.
int run_action(const Action& action, Session& session) {
  try {
    return action(session);
  } catch (const std::system_error& error) {
    throw Error(Kind::machine, error.what());
  }
}

int parse_and_run(const std::vector<std::string>& arguments, Environment& environment) {
  CLI::App app("Rebuilds container images from source you control, bit for bit, and signs them.",
               "cullet");
  app.require_subcommand(1);
  app.set_version_flag("--version", "cullet " CULLET_VERSION);
  app.footer("Example:\n  cullet build nginx      build, test, sign and push the image 'nginx'");
  GlobalOptions options;
  int passphrase_fd = -1;
  add_global_options(app, options, passphrase_fd);
  Action chosen;
  for (const auto add : kCommands)
    add(app, chosen);
  let_options_fall_through(app);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants it
    app.parse(reversed);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help, environment.out, environment.err);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version, environment.out, environment.err);
  } catch (const CLI::ParseError& error) {
    throw usage_error(app, error, arguments);
  }
  Session session(environment, options);
  if (std::error_code error;
      !options.directory.empty() && !std::filesystem::is_directory(session.directory(), error))
    throw Error(Kind::usage, cat("-C ", options.directory, ": there is no such directory"));
  session.passphrase_fd = passphrase_fd;
  session.arguments = arguments;
  return with_context([&] { return cat("running `cullet ", printable(join(arguments, " ")), "`"); },
                      [&] { return run_action(chosen, session); });
}

}  // namespace

CLI::App* add_command(CLI::App& app,
                      const std::string& name,
                      const std::string& summary,
                      const std::string& example) {
  auto* command = app.add_subcommand(name, summary);
  command->footer("Example:\n  " + example);
  return command;
}

int run(const std::vector<std::string>& arguments, Environment& environment) {
  try {
    return parse_and_run(arguments, environment);
  } catch (const Error& error) {
    environment.err << error.render() << std::flush;
    return exit_status(error.kind());
  } catch (const std::bad_alloc&) {
    environment.err << Error(Kind::machine, "out of memory").render() << std::flush;
    return exit_status(Kind::machine);
  } catch (const std::exception& error) {
    environment.err << Error(Kind::internal, cat("a bug in cullet: ", error.what())).render()
                    << std::flush;
    return exit_status(Kind::internal);
  }
}

}  // namespace cullet::cli
