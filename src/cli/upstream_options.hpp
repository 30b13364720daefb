// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command.hpp"

namespace cullet::cli {

inline constexpr unsigned kUpstreamTimeout = 30;

/// --timeout of the commands that ask upstreams.
void add_timeout(CLI::App& command, unsigned& seconds);

/// `cullet upstream build`, below `cullet upstream`.
void register_upstream_build(CLI::App& parent, Action& chosen);

}  // namespace cullet::cli
