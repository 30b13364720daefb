// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/step_room.hpp"

#include "cullet/base/error.hpp"

namespace cullet::build {

namespace {

Json paths_json(const std::vector<std::filesystem::path>& paths) {
  Json out = Json::array();
  for (const auto& path : paths)
    out.push_back(path.string());
  return out;
}

}  // namespace

std::map<std::string, std::string> step_environment(std::int64_t epoch, unsigned jobs) {
  return {{"HOME", "/tmp"},
          {"JOBS", std::to_string(jobs)},
          {"LANG", "C.UTF-8"},
          {"LC_ALL", "C.UTF-8"},
          {"LOGNAME", "builder"},
          {"OUT", "/out"},
          {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
          {"SHELL", "/bin/sh"},
          {"SOURCE_DATE_EPOCH", std::to_string(epoch)},
          {"TERM", "dumb"},
          {"TMPDIR", "/tmp"},
          {"TZ", "UTC"},
          {"USER", "builder"}};
}

sandbox::Spec StepRoom::spec(std::vector<std::string> argv, bool out_read_only) const {
  sandbox::Spec spec;
  auto slash = root;
  if (!preload.empty() && !out_read_only)
    slash.insert(slash.begin(), preload);
  spec.mounts.push_back({"/", std::move(slash), {}});
  auto build = over;
  build.push_back(source);
  spec.mounts.push_back({"/build", build, work});
  if (out_read_only)
    spec.mounts.push_back({"/out", {out}, {}});
  else
    spec.mounts.push_back({"/out", {}, out});
  spec.argv = std::move(argv);
  spec.environment = environment;
  spec.directory = "/build";
  return spec;
}

Json StepRoom::to_json() const {
  return {{"root", paths_json(root)}, {"source", source.string()}, {"environment", environment}};
}

StepRoom StepRoom::from_json(const Json& json) {
  StepRoom room;
  for (const auto& path : array_at(json, "root", "room.json"))
    room.root.emplace_back(path.get<std::string>());
  room.source = string_at(json, "source", "room.json");
  room.environment =
      object_at(json, "environment", "room.json").get<std::map<std::string, std::string>>();
  return room;
}

std::filesystem::path failed_room(const store::Store& store,
                                  const workspace::Workspace& workspace,
                                  const std::string& recipe) {
  const auto name = sha256(cat(workspace.root.string(), '\0', recipe)).hex().substr(0, 16);
  return store.root() / "failed" / cat(recipe, "-", name);
}

}  // namespace cullet::build
