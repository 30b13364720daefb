// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/layer.hpp"
#include "cullet/image/manifest.hpp"

#include "fields.hpp"

namespace cullet::image {

namespace {

/// Go's map[string]struct{}: a set.
Json to_set(const std::vector<std::string>& names) {
  Json json = Json::object();
  for (const auto& name : names)
    json[name] = Json::object();
  return json;
}

std::vector<std::string> set_names(const Json& object,
                                   const std::string& key,
                                   std::string_view what) {
  std::vector<std::string> names;
  const auto* const found = member(object, key);
  if (found == nullptr)
    return names;
  if (!found->is_object())
    throw Error(Kind::input, cat(what, ": '", key, "' must be an object"));
  for (const auto& [name, value] : found->items())
    names.push_back(name);
  return names;
}

Json run_config(const Config& config) {
  auto labels = config.labels;
  labels[std::string(kAssemblyName)] = std::to_string(kAssembly);
  Json json = {{"Labels", labels}};
  const auto add_list = [&](const char* key, const std::vector<std::string>& list) {
    if (!list.empty())
      json[key] = list;
  };
  const auto add_text = [&](const char* key, const std::string& text) {
    if (!text.empty())
      json[key] = text;
  };
  add_list("Entrypoint", config.entrypoint);
  add_list("Cmd", config.cmd);
  add_list("Env", config.env);
  add_text("User", config.user);
  add_text("WorkingDir", config.working_dir);
  add_text("StopSignal", config.stop_signal);
  if (!config.ports.empty())
    json["ExposedPorts"] = to_set(config.ports);
  if (!config.volumes.empty())
    json["Volumes"] = to_set(config.volumes);
  return json;
}

void parse_run_config(const Json& json, Config& config, std::string_view what) {
  config.entrypoint = string_list(json, "Entrypoint", what);
  config.cmd = string_list(json, "Cmd", what);
  config.env = string_list(json, "Env", what);
  const auto text = [&](const char* key) {
    return member(json, key) == nullptr ? std::string() : optional_string(json, key, what);
  };
  config.user = text("User");
  config.working_dir = text("WorkingDir");
  config.stop_signal = text("StopSignal");
  config.ports = set_names(json, "ExposedPorts", what);
  config.volumes = set_names(json, "Volumes", what);
  config.labels = string_map(json, "Labels", what);
}

/// RFC 3339 as others write it, with fractions ("2024-01-02T03:04:05.123456789Z"); what cullet
/// can't read (other offsets, nothing) counts as the epoch.
std::int64_t parse_created(const Json& json, std::string_view what) {
  if (member(json, "created") == nullptr)
    return 0;
  auto text = optional_string(json, "created", what);
  if (const auto dot = text.find('.'); dot != text.npos && text.ends_with('Z'))
    text = text.substr(0, dot) + "Z";
  return parse_time(text).value_or(0);
}

/// What made each layer, from the history entries that made one.
std::vector<std::string> layer_history(const Json& json, std::string_view what) {
  std::vector<std::string> list;
  const auto* const history = member(json, "history");
  if (history == nullptr)
    return list;
  if (!history->is_array())
    throw Error(Kind::input, cat(what, ": 'history' must be a list"));
  for (const auto& entry : *history) {
    if (!entry.is_object())
      throw Error(Kind::input, cat(what, ": 'history' must hold objects"));
    const auto* const empty = member(entry, "empty_layer");
    if (empty == nullptr || !empty->is_boolean() || !empty->get<bool>())
      list.push_back(member(entry, "created_by") == nullptr
                         ? std::string()
                         : optional_string(entry, "created_by", what));
  }
  return list;
}

}  // namespace

std::string Config::serialize() const {
  const auto time = rfc3339(created);
  Json diff_ids = Json::array();
  Json history = Json::array();
  for (const auto& layer : layers) {
    diff_ids.push_back(layer.diff_id.str());
    history.push_back({{"created", time}, {"created_by", layer.created_by}});
  }
  return canonical({{"architecture", architecture},
                    {"config", run_config(*this)},
                    {"created", time},
                    {"history", std::move(history)},
                    {"os", "linux"},
                    {"rootfs", {{"diff_ids", std::move(diff_ids)}, {"type", "layers"}}}});
}

Config Config::parse(std::string_view bytes, std::string_view what) {
  const auto json = parse_json(bytes, what, kMaxConfigBytes);
  if (!json.is_object())
    throw Error(Kind::input, cat(what, " must be a JSON object"));
  Config config;
  config.architecture = string_at(json, "architecture", what);
  config.created = parse_created(json, what);
  if (const auto* const run = member(json, "config")) {
    if (!run->is_object())
      throw Error(Kind::input, cat(what, ": 'config' must be an object"));
    parse_run_config(*run, config, what);
  }
  const auto history = layer_history(json, what);
  for (const auto& each : string_list(object_at(json, "rootfs", what), "diff_ids", what)) {
    const auto diff_id = DiffId::parse(each);
    if (!diff_id)
      throw Error(Kind::input, cat(what, ": '", each, "' is no sha256 digest"));
    const auto position = config.layers.size();
    config.layers.push_back({*diff_id, position < history.size() ? history[position] : ""});
  }
  return config;
}

}  // namespace cullet::image
