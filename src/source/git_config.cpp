// SPDX-License-Identifier: Apache-2.0
#include "git_config.hpp"

#include <algorithm>
#include <filesystem>

#include "cullet/base/text.hpp"
#include "cullet/source/source.hpp"

#include "git.hpp"

namespace cullet::source {
namespace {

using ConfigIterator = Handle<git_config_iterator, git_config_iterator_free>;

constexpr std::uint64_t kMaxVariables = 1000;

std::string value_of(const GitConfig::Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

/// git's own normal form: section and name in lower case, the subsection as it is.
std::string normal_key(std::string_view key) {
  const auto first = std::min(key.find('.'), key.size());
  const auto last = std::min(key.rfind('.'), key.size());
  return cat(lower_case(key.substr(0, first)),
             key.substr(first, last - first),
             lower_case(key.substr(last)));
}

/// The middle of "SECTION.middle.NAME", or nullopt for another key.
std::optional<std::string_view> subsection(std::string_view key,
                                           std::string_view section,
                                           std::string_view name) {
  if (key.size() < section.size() + name.size() + 2 || !key.starts_with(section) ||
      key[section.size()] != '.' || !key.ends_with(name) ||
      key[key.size() - name.size() - 1] != '.')
    return std::nullopt;
  key.remove_prefix(section.size() + 1);
  key.remove_suffix(std::min(key.size(), name.size() + 1));
  return key;
}

/// Whether `pattern` covers `url`: the same scheme and host, and a path that is a prefix up to a
/// '/'. User and password of the URL don't count.
bool covers(std::string_view pattern, std::string_view url) {
  while (pattern.ends_with('/'))
    pattern.remove_suffix(1);
  return url.starts_with(pattern) && (url.size() == pattern.size() || url[pattern.size()] == '/');
}

}  // namespace

GitConfig GitConfig::load(const Environment& environment) {
  start_libgit2();
  GitConfig config;
  const auto home = value_of(environment, "HOME");
  auto xdg = value_of(environment, "XDG_CONFIG_HOME");
  if (xdg.empty() && !home.empty())
    xdg = home + "/.config";
  const auto system = value_of(environment, "GIT_CONFIG_SYSTEM");
  const auto no_system = value_of(environment, "GIT_CONFIG_NOSYSTEM");
  if (no_system.empty() || no_system == "0" || no_system == "false")
    config.read_file(system.empty() ? "/etc/gitconfig" : system);
  if (environment.contains("GIT_CONFIG_GLOBAL")) {
    config.read_file(value_of(environment, "GIT_CONFIG_GLOBAL"));
  } else {
    if (!xdg.empty())
      config.read_file(xdg + "/git/config");
    if (!home.empty())
      config.read_file(home + "/.gitconfig");
  }
  config.read_variables(environment);
  return config;
}

void GitConfig::read_file(const std::string& path) {
  std::error_code ignored;  // a file in a directory that we may not search is as good as absent
  if (path.empty() || !std::filesystem::is_regular_file(path, ignored))
    return;
  Config config;
  const auto doing = cat("read git's configuration ", path);
  check(git_config_new(out_ptr(config)), doing);
  check(git_config_add_file_ondisk(config.get(), path.c_str(), GIT_CONFIG_LEVEL_GLOBAL, nullptr, 0),
        doing,
        Kind::input);
  ConfigIterator iterator;
  check(git_config_iterator_new(out_ptr(iterator), config.get()), doing, Kind::input);
  git_config_entry* entry = nullptr;
  int code = 0;
  while ((code = git_config_next(&entry, iterator.get())) == 0)
    entries_.emplace_back(entry->name, entry->value != nullptr ? entry->value : "true");
  if (code != GIT_ITEROVER)
    check(code, doing, Kind::input);
}

void GitConfig::read_variables(const Environment& environment) {
  const auto count = parse_number(value_of(environment, "GIT_CONFIG_COUNT"));
  for (std::uint64_t i = 0; count && i < std::min(*count, kMaxVariables); ++i) {
    const auto key = value_of(environment, cat("GIT_CONFIG_KEY_", i));
    if (!key.empty())
      entries_.emplace_back(normal_key(key), value_of(environment, cat("GIT_CONFIG_VALUE_", i)));
  }
}

std::string GitConfig::rewritten(std::string_view url) const {
  std::string_view best, base;
  for (const auto& [key, value] : entries_) {
    const auto target = subsection(key, "url", "insteadof");
    if (target && !value.empty() && url.starts_with(value) && value.size() >= best.size()) {
      best = value;
      base = *target;
    }
  }
  return best.empty() ? std::string(url) : cat(base, url.substr(best.size()));
}

std::optional<std::string> GitConfig::get(std::string_view key) const {
  const auto found = std::find_if(
      entries_.rbegin(), entries_.rend(), [&](const auto& entry) { return entry.first == key; });
  return found == entries_.rend() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> GitConfig::http_settings(std::string_view url,
                                                  std::string_view name) const {
  std::vector<std::string> values;
  std::size_t specific = 0;
  for (const auto& [key, value] : entries_) {
    std::size_t length = 0;
    if (key != cat("http.", name)) {
      const auto pattern = subsection(key, "http", name);
      if (!pattern || !covers(*pattern, url))
        continue;
      length = pattern->size();
    }
    if (length > specific)
      values.clear();
    if (length < specific)
      continue;
    specific = length;
    if (value.empty())  // resets what came before, as git has it for lists
      values.clear();
    else
      values.push_back(value);
  }
  return values;
}

std::optional<std::string> GitConfig::http_setting(std::string_view url,
                                                   std::string_view name) const {
  auto values = http_settings(url, name);
  return values.empty() ? std::nullopt : std::optional(std::move(values.back()));
}

std::string git_identity(const std::map<std::string, std::string>& environment) {
  const auto config = GitConfig::load(environment);
  const auto either = [&](const char* variable, const char* key) {
    const auto found = environment.find(variable);
    const auto value = found != environment.end() && !found->second.empty()
                           ? found->second
                           : config.get(key).value_or("");
    return printable(trim(value));
  };
  const auto name = either("GIT_AUTHOR_NAME", "user.name");
  const auto address = either("GIT_AUTHOR_EMAIL", "user.email");
  return name.empty() || address.empty() ? name : cat(name, " <", address, ">");
}

}  // namespace cullet::source
