// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/base/json.hpp"
#include "cullet/source/upstream.hpp"

namespace cullet::cli {

/// What came of asking one fork's upstream: a state, or why there is none.
struct UpstreamAnswer {
  const workspace::Fork* fork = nullptr;
  std::optional<source::UpstreamState> state;
  std::optional<Error> error;
};

/// One fork of `cullet upstream --json`.
Json to_json(const UpstreamAnswer& answer);

/// What becomes of one patch, as a record and in words ("conflict: x.c, lines 3: both change it").
Json to_json(const workspace::Fork& fork, const source::Carried& carried);
std::string fate_of(const source::Carried& carried);

/// "zlib 1.2.13: behind v1.3.1 by 120 commits, 462 days".
std::string headline(const UpstreamAnswer& answer);

/// An error as a record: message, details, hints.
Json to_json(const Error& error);

}  // namespace cullet::cli
