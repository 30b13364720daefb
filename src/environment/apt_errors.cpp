// SPDX-License-Identifier: Apache-2.0
#include "apt_errors.hpp"

#include <algorithm>
#include <set>

#include "cullet/base/text.hpp"

namespace cullet::environment {
namespace {

constexpr std::size_t kMaxLines = 12;

/// apt's own words (with LC_ALL=C) for an index that it would not use.
constexpr std::string_view kRefusals[] = {
    "GPG error",
    "signatures",
    "NO_PUBKEY",
    "BADSIG",
    "Hash Sum mismatch",
    "is expired",
    "is not valid yet",
    "weak security",
    "isn't valid",
    "unexpected size",
    "not signed by",
    "Clearsigned",
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

void add_lines(Error& error, std::string_view text, bool complaints_only) {
  std::set<std::string> seen;
  for (const auto& line : split(text, '\n')) {
    const bool complaint = line.rfind("E: ", 0) == 0 || line.rfind("W: ", 0) == 0;
    const auto words = trim(complaint ? std::string_view(line).substr(3) : std::string_view(line));
    if (words.empty() || (complaints_only && !complaint) || !seen.emplace(words).second)
      continue;
    if (seen.size() > kMaxLines)
      return;
    error.detail(cat("apt: ", words));
  }
}

}  // namespace

Error update_error(std::string_view suite, std::string_view err) {
  // "is not signed" also follows where nothing could be fetched that might have been signed.
  const bool refused = std::any_of(std::begin(kRefusals),
                                   std::end(kRefusals),
                                   [&](std::string_view words) { return contains(err, words); }) ||
                       (contains(err, "is not signed") && !contains(err, "Failed to fetch"));
  if (refused) {
    Error error(Kind::refused, cat("the package index of '", suite, "' does not verify"));
    add_lines(error, err, true);
    return error.hint("a mirror must be signed with a key that apt knows, and up to date");
  }
  if (contains(err, "does not have a Release file") && !contains(err, "Failed to fetch")) {
    Error error(Kind::input, cat("a mirror does not carry '", suite, "'"));
    add_lines(error, err, true);
    return error.hint("check the suite's name, and the mirrors");
  }
  Error error(Kind::machine, cat("cannot fetch the package index of '", suite, "'"));
  add_lines(error, err, true);
  return error.hint("check the network, its proxy and the mirrors");
}

Error install_error(std::string_view suite, const Captured& result) {
  Error error(Kind::input, cat("the packages can't be installed together from '", suite, "'"));
  constexpr std::string_view kReasons = "unmet dependencies:\n";
  if (const auto at = result.out.find(kReasons); at != std::string::npos)
    add_lines(error, std::string_view(result.out).substr(at + kReasons.size()), false);
  add_lines(error, result.err, true);
  return error;
}

Error apt_error(Kind kind, std::string_view message, const Captured& result) {
  Error error(kind, std::string(message));
  if (!result.status.ok())
    error.detail(result.status.str());
  add_lines(error, result.err, false);
  return error;
}

}  // namespace cullet::environment
