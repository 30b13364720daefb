// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace cullet::attest {

/// Whether a fork that provenance says was cloned from `uri` (purl.hpp, git_uri) comes from a place
/// that `pattern` (workspace/policy.hpp, Forks::urls) allows. Nothing is decoded: a URI with
/// escapes, "..", a query or anything else that servers and readers may see differently is from no
/// allowed place, unless the pattern says nothing of paths.
bool is_allowed_fork_url(std::string_view pattern, std::string_view uri);

}  // namespace cullet::attest
