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

/// What users are told of: an option without a group is between cullet and itself.
std::vector<const CLI::Option*> options(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return !option->get_group().empty(); });
}

/// "--json", "-j": the options' names, with dashes.
std::vector<std::string> flags(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* option : options(app)) {
    for (const auto& name : option->get_snames())
      out.push_back("-" + name);
    for (const auto& name : option->get_lnames())
      out.push_back("--" + name);
  }
  return out;
}

/// The folder of a workspace that has the names which a command takes; empty: there is none. A
/// recipe's name stands for its image.
std::string_view names_from(const CLI::App& command) {
  for (const auto* option : options(command)) {
    const auto name = option->get_name(true);
    if (name == "fork")
      return "forks";
    if (name == "recipe" || name == "ref" || name == "before" || name == "after")
      return "recipes";
  }
  return "";
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

/// Every command below the application as a pattern of a shell's `case`: the path before it, a
/// blank and its name.
std::vector<std::string> path_patterns(const CLI::App& app) {
  std::vector<std::string> out;
  walk(app, "", [&](const CLI::App&, const std::string& path) {
    if (!path.empty())
      out.push_back(cat("'", path.find(' ') == std::string::npos ? " " : "", path, "'"));
  });
  return out;
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
    const auto folder = names_from(command);
    cases += cat("    '",
                 path,
                 "') words='",
                 join(words, " "),
                 "'",
                 folder.empty() ? "" : cat(" folder=", folder),
                 " ;;\n");
  });
  return cat(
      "# bash completion for cullet: source <(cullet completion bash)\n"
      "_cullet() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} path='' words='' word names='' folder=''\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $word in -*) ;; *) case \"$path $word\" in ",
      join(path_patterns(app), "|"),
      ") path=\"${path:+$path }$word\" ;; esac ;; esac\n"
      "  done\n"
      "  case $path in\n",
      cases,
      "  esac\n"
      "  [ -z \"$folder\" ] || names=$(cd \"$folder\" 2>/dev/null && printf '%s\\n' *.yaml)\n"
      "  COMPREPLY=($(compgen -W \"$words ${names//.yaml/}\" -- \"$cur\"))\n"
      "}\n"
      "complete -o default -F _cullet cullet\n");
}

/// One word of fish, whatever it holds.
std::string fish_word(const std::string& text) {
  std::string out = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\')
      out += '\\';
    out += letter;
  }
  return out + "'";
}

std::string fish_completion(const CLI::App& app) {
  std::string out =
      cat("# fish completion for cullet: cullet completion fish | source\n"
          "# Whether the words before the cursor name this command.\n"
          "function __cullet_at\n"
          "  set -l path ''\n"
          "  for word in (commandline -opc)[2..-1]\n"
          "    switch \"$path $word\"\n"
          "      case ",
          join(path_patterns(app), " "),
          "\n"
          "        set path (string trim -- \"$path $word\")\n"
          "    end\n"
          "  end\n"
          "  test \"$path\" = \"$argv\"\n"
          "end\n"
          "function __cullet_names\n"
          "  for file in $argv[1]/*.yaml\n"
          "    string replace -r '.*/(.*)\\.yaml$' '$1' -- $file\n"
          "  end\n"
          "end\n");
  walk(app, "", [&](const CLI::App& command, const std::string& path) {
    const auto at = cat("complete -c cullet -n ",
                        fish_word(path.empty() ? "__cullet_at" : "__cullet_at " + path));
    for (const auto* below : commands(command))
      out +=
          cat(at, " -f -a ", below->get_name(), " -d ", fish_word(below->get_description()), "\n");
    if (const auto folder = names_from(command); !folder.empty())
      out += cat(at, " -a '(__cullet_names ", folder, ")'\n");
    for (const auto* option : options(command)) {
      // What stands before a command's name may stand after it, too.
      auto line = path.empty() ? std::string("complete -c cullet") : at;
      for (const auto& name : option->get_snames())
        line += " -s " + name;
      for (const auto& name : option->get_lnames())
        line += " -l " + name;
      if (option->nonpositional())
        out += cat(line,
                   option->get_items_expected_max() > 0 ? " -r" : "",
                   " -d ",
                   fish_word(option->get_description()),
                   "\n");
    }
  });
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
  for (const auto* option : options(app)) {
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
