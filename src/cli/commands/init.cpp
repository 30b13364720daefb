// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

#include "../command.hpp"
#include "../templates.hpp"

namespace cullet::cli {

namespace {

struct File {
  const char* path;
  std::string_view text;
};

bool is_as_written(const std::filesystem::path& path, std::string_view text) {
  std::error_code error;
  return std::filesystem::file_size(path, error) == text.size() &&
         find_file(path, text.size()) == text;
}

int init(Session& session, const std::string& name) {
  const auto root = (session.directory() / name).lexically_normal();
  // cullet.yaml last: before it is there, this was cut short and may be run again.
  const File files[] = {{".gitignore", "/.cullet/\n/keys/*.pem\n"},
                        {"forks/lua.yaml", kTemplateFork},
                        {"recipes/lua.yaml", kTemplateRecipe},
                        {"cullet.yaml", kTemplateConfig}};
  const bool whole = is_there(root / "cullet.yaml");
  for (const auto& file : files)
    if (is_there(root / file.path) && (whole || !is_as_written(root / file.path, file.text)))
      throw Error(Kind::input, cat((root / file.path).string(), " is there already"))
          .hint("`cullet init DIR` makes a workspace in a new directory");
  Json written = Json::array();
  for (const auto& file : files) {
    make_directories((root / file.path).parent_path());
    replace_file(root / file.path, file.text);
    written.push_back(file.path);
  }
  if (session.options().json)
    session.print({{"workspace", root.string()}, {"files", written}});
  else
    session.environment().out << cat("made a workspace in ",
                                     root.string(),
                                     "\nnext: cullet lock, cullet key new, cullet build lua")
                              << '\n';
  return 0;
}

}  // namespace

void register_init(CLI::App& app, Action& chosen) {
  auto name = std::make_shared<std::string>(".");
  auto* command = add_command(app,
                              "init",
                              "make a workspace with one working recipe",
                              "cullet init images && cd images && cullet lock");
  command->add_option("directory", *name, "where [here]");
  command->callback(
      [name, &chosen] { chosen = [name](Session& session) { return init(session, *name); }; });
}

}  // namespace cullet::cli
