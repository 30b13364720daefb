// SPDX-License-Identifier: Apache-2.0
#include "reference_text.hpp"

#include <functional>

#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::cli {

namespace {

std::vector<const CLI::App*> commands(const CLI::App& app) {
  const auto found = app.get_subcommands([](const CLI::App*) { return true; });
  return {found.begin(), found.end()};
}

/// "--json", "-j": the option's names, with dashes.
std::vector<std::string> flags(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_snames())
      out.push_back("-" + name);
    for (const auto& name : option->get_lnames())
      out.push_back("--" + name);
  }
  return out;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* command : commands(app))
    out.push_back(command->get_name());
  return out;
}

/// Calls `visit` for every command with its path, as "store gc"; the application itself first, as
/// "".
void walk(const CLI::App& app,
          const std::string& path,
          const std::function<void(const CLI::App&, const std::string&)>& visit) {
  visit(app, path);
  for (const auto* command : commands(app))
    walk(*command, path.empty() ? command->get_name() : path + " " + command->get_name(), visit);
}

std::string bash_completion(const CLI::App& app) {
  std::string cases;
  walk(app, "", [&](const CLI::App& command, const std::string& path) {
    auto words = command_names(command);
    for (const auto& flag : flags(command))
      words.push_back(flag);
    if (!path.empty())
      for (const auto& flag : flags(app))
        words.push_back(flag);
    cases += cat("    '", path, "') words='", join(words, " "), "' ;;\n");
  });
  return cat(
      "# bash completion for cullet: source <(cullet completion bash)\n"
      "_cullet() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} path='' words='' word names=''\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $word in -*) ;; *) case \"$path $word\" in ",
      [&] {
        std::vector<std::string> paths;
        walk(app, "", [&](const CLI::App&, const std::string& path) {
          if (path.find(' ') == std::string::npos && !path.empty())
            paths.push_back("' " + path + "'");
          else if (!path.empty())
            paths.push_back("'" + path + "'");
        });
        return join(paths, "|");
      }(),
      ") path=\"${path:+$path }$word\" ;; esac ;; esac\n"
      "  done\n"
      "  case $path in\n",
      cases,
      "  esac\n"
      "  case $path in\n"
      "    build|plan|shell|verify|sign|push|ls|cat|diff) names=$(cd recipes 2>/dev/null && "
      "printf '%s\\n' *.yaml) ;;\n"
      "    'fork sync'|'fork import') names=$(cd forks 2>/dev/null && printf '%s\\n' "
      "*.yaml) ;;\n"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words ${names//.yaml/}\" -- \"$cur\"))\n"
      "}\n"
      "complete -o default -F _cullet cullet\n");
}

std::string fish_completion(const CLI::App& app) {
  std::string out = "# fish completion for cullet: cullet completion fish | source\n";
  for (const auto* command : commands(app)) {
    out += cat("complete -c cullet -n __fish_use_subcommand -a ",
               command->get_name(),
               " -d '",
               command->get_description(),
               "'\n");
    const auto seen = cat("-n '__fish_seen_subcommand_from ", command->get_name(), "'");
    for (const auto& name : command_names(*command))
      out += cat("complete -c cullet ", seen, " -a ", name, "\n");
    for (const auto* option : command->get_options())
      for (const auto& name : option->get_lnames())
        out += cat(
            "complete -c cullet ", seen, " -l ", name, " -d '", option->get_description(), "'\n");
  }
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames())
      out += cat("complete -c cullet -l ", name, " -d '", option->get_description(), "'\n");
  return out;
}

/// Text for man(7): backslashes, leading dots and hyphens mean themselves.
std::string roff(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '\\')
      out += "\\e";
    else if (letter == '-')
      out += "\\-";
    else
      out += letter;
  }
  return !out.empty() && (out[0] == '.' || out[0] == '\'') ? "\\&" + out : out;
}

void add_options(const CLI::App& app, std::string& out) {
  for (const auto* option : app.get_options()) {
    const auto name = option->get_name(option->nonpositional(), true);
    out += cat(".TP\n.B ",
               roff(name.empty() ? option->get_name(true) : name),
               "\n",
               roff(option->get_description()),
               "\n");
  }
}

}  // namespace

std::string completion(const CLI::App& app, const std::string& shell) {
  if (shell == "fish")
    return fish_completion(app);
  const auto bash = bash_completion(app);
  return shell == "bash" ? bash
                         : cat("# zsh completion for cullet: source <(cullet completion zsh)\n"
                               "autoload -U +X bashcompinit && bashcompinit\n",
                               bash);
}

std::string manual(const CLI::App& app) {
  std::string out = cat(".TH CULLET 1\n.SH NAME\ncullet \\- ",
                        roff(app.get_description()),
                        "\n.SH SYNOPSIS\n.B cullet\n[OPTIONS] COMMAND\n.SH OPTIONS\n");
  add_options(app, out);
  out += ".SH COMMANDS\n";
  walk(app, "", [&](const CLI::App& command, const std::string& path) {
    if (path.empty())
      return;
    out += cat(".SS cullet ", roff(path), "\n", roff(command.get_description()), "\n");
    add_options(command, out);
    out += ".PP\n.nf\n";
    for (const auto& line : split(command.get_footer(), '\n'))
      out += roff(line) + "\n";
    out += ".fi\n";
  });
  out +=
      ".SH EXIT STATUS\n.TP\n.B 0\ndone\n.TP\n.B 1\nthe input is wrong (recipe, fork, lock, "
      "image)\n.TP\n.B 2\nusage\n.TP\n.B 3\na check said no (digest, signature, test, not "
      "reproducible)\n.TP\n.B 4\nthe machine or a service failed\n.TP\n.B 5\na step of a "
      "recipe failed\n.TP\n.B 70\na bug in cullet\n.TP\n.B 130\ninterrupted\n";
  return out;
}

}  // namespace cullet::cli
