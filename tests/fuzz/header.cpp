// SPDX-License-Identifier: Apache-2.0
// What servers put into headers: challenges, links, delays, URLs. Every parser reads every input.
#include "cullet/base/percent.hpp"
#include "cullet/http/backoff.hpp"
#include "cullet/http/url.hpp"

#include "challenge.hpp"
#include "fuzz.hpp"
#include "link.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

void read_url(std::string_view text) {
  const auto base = *http::Url::parse("https://user:pw@[::1]:5000/v2/a/b?x=1");
  for (const auto& url : {http::Url::parse(text), base.resolve(text)}) {
    if (!url)
      continue;
    const auto again = http::Url::parse(url->str());
    require(again && again->str() == url->str(), "a URL is printed as it was parsed");
    require(http::same_origin(*url, *again), "printing keeps the origin");
    require(url->scheme == "http" || url->scheme == "https", "no other scheme is taken");
    require(!url->target.empty() && url->target[0] == '/', "a target begins with '/'");
    require(url->str().find_first_of(std::string_view("\0\r\n ", 4)) == std::string::npos,
            "a URL can't end a line of a request");
    static_cast<void>(url->with_query("a=b").shown());
  }
  if (const auto decoded = percent_decode(text))
    require(percent_decode(percent_encode(*decoded)) == decoded, "decoding undoes encoding");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  read_url(text);
  const auto challenges = registry::parse_challenges(text);
  require(challenges.size() <= 16, "challenges are bounded");
  for (const auto& challenge : challenges)
    require(challenge.parameters.size() <= 32, "parameters are bounded");
  if (const auto link = registry::next_link({{"link", std::string(text)}}))
    require(text.find(*link) != text.npos, "a link's target stands in the header");
  const auto now = [] { return std::int64_t{1'700'000'000}; };
  if (const auto delay = http::parse_retry_after(text, now))
    require(*delay >= 0, "nobody waits for the past");
  return 0;
}
