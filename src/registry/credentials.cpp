// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/json.hpp"
#include "cullet/base/process.hpp"
#include "cullet/base/text.hpp"
#include "cullet/registry/remote.hpp"

namespace cullet::registry {
namespace {

constexpr std::uint64_t kMaxFile = std::uint64_t{4} << 20U;
constexpr std::uint64_t kMaxHelperOutput = std::uint64_t{1} << 20U;
/// The user name by which a helper says that the secret is an identity token.
constexpr std::string_view kTokenUser = "<token>";
/// What helpers print instead of credentials that they don't have; their protocol has no code for
/// it.
constexpr std::string_view kNotFound = "credentials not found";

/// "https://host/v1/" as docker writes it, and "host/" → "host".
std::string normalised(std::string_view key) {
  if (const auto scheme = key.find("://"); scheme != std::string_view::npos)
    key = key.substr(scheme + 3);
  while (key.ends_with('/'))
    key.remove_suffix(1);
  for (const std::string_view version : {"/v1", "/v2"})
    if (key.ends_with(version))
      key.remove_suffix(version.size());
  return std::string(key);
}

/// "host/a/b", "host/a", "host".
std::vector<std::string> most_specific_first(const std::string& host,
                                             const std::string& repository) {
  std::vector<std::string> keys;
  for (auto key = repository.empty() ? host : host + "/" + repository;;
       key.resize(key.rfind('/'))) {
    keys.push_back(key);
    if (key.size() <= host.size())
      return keys;
  }
}

const Json* member(const Json& json, const char* key, const std::string& file) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null())
    return nullptr;
  if (!found->is_object())
    throw Error(Kind::input, cat(file, ": '", key, "' must be an object"));
  return &*found;
}

std::optional<Credentials> inline_credentials(const Json& entry, const std::string& what) {
  if (!entry.is_object())
    throw Error(Kind::input, cat(what, " must be an object"));
  Credentials credentials;
  credentials.identity_token = optional_string(entry, "identitytoken", what);
  credentials.username = optional_string(entry, "username", what);
  credentials.password = optional_string(entry, "password", what);
  if (const auto encoded = optional_string(entry, "auth", what); !encoded.empty()) {
    const auto text = base64_decode(encoded);
    const auto colon = text ? text->find(':') : std::string::npos;
    if (colon == std::string::npos)
      throw Error(Kind::input, cat(what, ": 'auth' is not the base64 of NAME:PASSWORD"))
          .hint("log in again with `docker login` or `podman login`");
    credentials.username = text->substr(0, colon);
    credentials.password = text->substr(colon + 1);
    // docker pads what it writes with NUL.
    while (credentials.password.ends_with('\0'))
      credentials.password.pop_back();
  }
  if (credentials.username.empty() && credentials.identity_token.empty())
    return std::nullopt;  // docker leaves {} where a helper has the secret
  return credentials;
}

bool is_helper_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::optional<Credentials> ask_helper(const std::string& helper,
                                      const std::string& host,
                                      const std::vector<std::string>& environment,
                                      const std::string& file,
                                      const Cancel& cancel) {
  if (!is_helper_name(helper))
    throw Error(Kind::input,
                cat(file, ": '", printable(helper), "' can't be the name of a credential helper"));
  const auto program = "docker-credential-" + helper;
  ProcessSpec spec;
  spec.argv = {program, "get"};
  spec.environment = environment;
  const auto result = run_captured(std::move(spec), host, cancel, kMaxHelperOutput);
  if (!result.status.ok()) {
    if (result.out.find(kNotFound) != std::string::npos ||
        result.err.find(kNotFound) != std::string::npos)
      return std::nullopt;
    const auto words = printable(trim(result.err.empty() ? result.out : result.err)).substr(0, 300);
    throw Error(Kind::machine,
                cat("credential helper ", program, " failed for ", host, ": ", result.status.str()))
        .detail(words.empty() ? "it said nothing" : words)
        .hint(cat("try it: echo ", host, " | ", program, " get"));
  }
  const auto what = cat("the answer of ", program);
  const auto json = parse_json(result.out, what, kMaxHelperOutput);
  const auto user = optional_string(json, "Username", what);
  const auto secret = string_at(json, "Secret", what);
  if (user == kTokenUser)
    return Credentials{.username = {}, .password = {}, .identity_token = secret};
  return Credentials{.username = user, .password = secret, .identity_token = {}};
}

std::optional<Credentials> from_file(const std::filesystem::path& path,
                                     const CredentialFiles& files,
                                     const std::string& host,
                                     const std::string& repository,
                                     const Cancel& cancel) {
  const auto file = path.string();
  const auto json = parse_json(read_file(path, kMaxFile), file, kMaxFile);
  if (!json.is_object())
    throw Error(Kind::input, cat(file, " must hold a JSON object"));
  const auto keys = most_specific_first(host, repository);
  if (const auto* helpers = member(json, "credHelpers", file))
    for (const auto& key : keys) {
      const auto helper = optional_string(*helpers, key, cat(file, ": credHelpers"));
      if (!helper.empty())
        return ask_helper(helper, host, files.helper_environment, file, cancel);
    }
  if (const auto store = optional_string(json, "credsStore", file); !store.empty())
    if (auto found = ask_helper(store, host, files.helper_environment, file, cancel))
      return found;
  const auto* entries = member(json, "auths", file);
  if (entries == nullptr)
    return std::nullopt;
  for (const auto& key : keys)
    for (const auto& [name, entry] : entries->items())
      if (name == key || normalised(name) == key)
        if (auto found = inline_credentials(entry, cat(file, ": auths: '", printable(name), "'")))
          return found;
  return std::nullopt;
}

}  // namespace

std::optional<Credentials> find_credentials(const CredentialFiles& files,
                                            const std::string& host,
                                            const std::string& repository,
                                            const Cancel& cancel) {
  return with_context(cat("looking for credentials for ", host),
                      [&]() -> std::optional<Credentials> {
                        for (const auto& path : files.files) {
                          std::error_code ignored;
                          if (!std::filesystem::exists(path, ignored))
                            continue;
                          if (auto found = from_file(path, files, host, repository, cancel))
                            return found;
                        }
                        return std::nullopt;
                      });
}

}  // namespace cullet::registry
