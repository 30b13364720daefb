// SPDX-License-Identifier: Apache-2.0
#include "cullet/http/url.hpp"

#include <algorithm>
#include <new>

#include <curl/curl.h>

#include "cullet/base/handle.hpp"
#include "cullet/base/text.hpp"

namespace cullet::http {
namespace {

using CurlUrl = Handle<CURLU, curl_url_cleanup>;

CurlUrl new_url() {
  CurlUrl url(curl_url());
  if (!url)
    throw std::bad_alloc();
  return url;
}

/// Empty for a part that the URL does not have.
std::string part(CURLU* url, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, what, &text, flags) != CURLUE_OK)
    return {};
  const Handle<char, curl_free> owner(text);
  return text;
}

/// libcurl skips some control characters instead of refusing them, and a C string ends at NUL.
bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  });
}

std::optional<Url> take_apart(CURLU* handle) {
  Url url;
  url.scheme = part(handle, CURLUPART_SCHEME);
  if (url.scheme != "http" && url.scheme != "https")
    return std::nullopt;
  url.host = lower_case(part(handle, CURLUPART_HOST));
  url.port = part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  url.target = part(handle, CURLUPART_PATH);
  if (url.target.empty())
    url.target = "/";
  if (const auto query = part(handle, CURLUPART_QUERY); !query.empty())
    url.target += "?" + query;
  url.user = part(handle, CURLUPART_USER, CURLU_URLDECODE);
  url.password = part(handle, CURLUPART_PASSWORD, CURLU_URLDECODE);
  if (url.host.empty() || url.port.empty())
    return std::nullopt;
  return url;
}

}  // namespace

std::optional<Url> Url::parse(std::string_view text) {
  // libcurl would take "http:///x" for "http://x".
  const auto scheme = text.find("://");
  if (has_control(text) || scheme == std::string_view::npos || text.substr(scheme + 3, 1) == "/")
    return std::nullopt;
  const auto handle = new_url();
  if (curl_url_set(handle.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_PATH_AS_IS) !=
      CURLUE_OK)
    return std::nullopt;
  return take_apart(handle.get());
}

std::optional<Url> Url::resolve(std::string_view reference) const {
  if (reference.empty() || has_control(reference))
    return std::nullopt;
  const auto handle = new_url();
  if (curl_url_set(handle.get(), CURLUPART_URL, str().c_str(), CURLU_PATH_AS_IS) != CURLUE_OK ||
      curl_url_set(handle.get(), CURLUPART_URL, std::string(reference).c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  return take_apart(handle.get());
}

std::string Url::str() const {
  return scheme + "://" + authority() + target;
}

std::string Url::authority() const {
  return port == (scheme == "https" ? "443" : "80") ? host : host + ":" + port;
}

std::string Url::shown() const {
  return scheme + "://" + authority() + target.substr(0, target.find('?'));
}

Url Url::with_query(std::string_view pair) const {
  Url url = *this;
  url.target += target.find('?') == std::string::npos ? '?' : '&';
  url.target += pair;
  return url;
}

bool same_origin(const Url& a, const Url& b) {
  return a.scheme == b.scheme && a.host == b.host && a.port == b.port;
}

bool is_loopback(const Url& url) {
  if (url.host == "localhost" || url.host == "[::1]")
    return true;
  // Four decimal numbers: "127.0.0.1.example.com" is a name that anyone may register.
  return url.host.starts_with("127.") && std::count(url.host.begin(), url.host.end(), '.') == 3 &&
         url.host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace cullet::http
