// SPDX-License-Identifier: Apache-2.0
#include "failure.hpp"

#include <algorithm>
#include <string_view>

#include "cullet/base/json.hpp"
#include "cullet/base/text.hpp"

namespace cullet::registry {
namespace {

constexpr std::size_t kMaxLines = 4;
constexpr std::size_t kMaxText = 300;

struct Said {
  std::string code, message;
};

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string())
    return {};
  return found->get_ref<const std::string&>().substr(0, kMaxText);
}

std::vector<Said> parse(const http::Response& response) {
  std::vector<Said> result;
  const auto json = Json::parse(response.body, nullptr, false);
  if (!json.is_object())
    return result;
  // Token servers answer with {"details": …} or OAuth2's {"error", "error_description"}.
  for (const auto* key : {"error_description", "details"})
    if (auto text = text_of(json, key); !text.empty())
      result.push_back({text_of(json, "error"), std::move(text)});
  const auto errors = json.find("errors");
  if (errors == json.end() || !errors->is_array())
    return result;
  for (const auto& error : *errors)
    if (error.is_object() && result.size() < kMaxLines)
      result.push_back({text_of(error, "code"), text_of(error, "message")});
  return result;
}

std::string hint_for(const http::Response& response, const std::string& host) {
  switch (response.status) {
    case 401:
      return cat("log in with `docker login ", host, "` or `podman login ", host, "`");
    case 403:
      return cat("may this account do so? Another logs in with `docker login ",
                 host,
                 "` or `podman login ",
                 host,
                 "`");
    case 404:
      return "is the repository's name right, and does the registry create repositories on push?";
    case 413:
      return "the registry takes no request this large: upload in chunks";
    case 429:
      return "the registry limits how often it is asked: wait, or log in for a higher limit";
    default:
      return response.status >= 500 ? "the registry has trouble of its own: try again later" : "";
  }
}

}  // namespace

std::vector<std::string> error_lines(const http::Response& response) {
  std::vector<std::string> lines;
  for (const auto& said : parse(response)) {
    const auto line = said.code.empty() || said.message.empty()
                          ? said.code + said.message
                          : cat(said.code, ": ", said.message);
    if (!line.empty())
      lines.push_back(printable(line));
  }
  return lines;
}

bool says(const http::Response& response, const std::string& code) {
  const auto all = parse(response);
  return std::any_of(all.begin(), all.end(), [&](const auto& said) { return said.code == code; });
}

Error unexpected(const std::string& doing,
                 const std::string& host,
                 const http::Response& response,
                 const std::string& login) {
  Error error(Kind::machine,
              cat("cannot ", doing, ": ", host, " answers with status ", response.status));
  for (auto& line : error_lines(response))
    error.detail(std::move(line));
  if (auto hint = hint_for(response, login.empty() ? host : login); !hint.empty())
    error.hint(std::move(hint));
  return error;
}

}  // namespace cullet::registry
