// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cullet/base/json.hpp"

#include "candidate.hpp"

namespace cullet::cli {

/// The candidates as one record, and as Markdown for a person: the summary of a CI job. Text from
/// outside (tags, paths, symbols, errors) is escaped, so that it can't make links, markup or HTML.
/// Long lists are cut, and say so.
Json to_json(const Candidate& candidate);
std::string markdown(const std::vector<Candidate>& candidates);

/// What happened to one, in a line.
std::string headline(const Candidate& candidate);

}  // namespace cullet::cli
