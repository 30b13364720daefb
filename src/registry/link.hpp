// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cullet/http/client.hpp"

namespace cullet::registry {

/// The target of `Link: <TARGET>; rel="next"` (RFC 8288), as it stands there. Also without "<>",
/// which older zot servers leave out (zot#2116).
std::optional<std::string> next_link(const http::Headers& headers);

}  // namespace cullet::registry
