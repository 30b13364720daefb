// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cullet::registry {

/// One challenge of a WWW-Authenticate header (RFC 9110, section 11.6.1).
struct Challenge {
  std::string scheme;                             ///< lower case
  std::map<std::string, std::string> parameters;  ///< names in lower case; the first of two counts
};

/// All challenges of one header, in order. The header comes from outside: what is malformed is left
/// out, never an error; at most 16 challenges with 32 parameters each.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace cullet::registry
