// SPDX-License-Identifier: Apache-2.0
// Upstream's tags as versions: lines of the input, ordered.
#include "cullet/source/version.hpp"

#include <algorithm>
#include <vector>

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

constexpr std::size_t kMost = 32;

std::vector<source::Version> versions_of(std::string_view text) {
  std::vector<source::Version> versions;
  while (!text.empty() && versions.size() < kMost) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (auto version = source::Version::parse(line, "release-"))
      versions.push_back(std::move(*version));
  }
  return versions;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto versions = versions_of(text_of(data, size));
  for (const auto& a : versions) {
    require((a <=> a) == 0, "a version equals itself");
    const auto again = source::Version::parse(a.str());
    require(again && *again == a, "a version is read as it was written");
    for (const auto& b : versions) {
      require((a < b) == (b > a), "an order has no direction of asking");
      for (const auto& c : versions)
        require(!(a < b && b < c) || a < c, "an order is transitive");
    }
  }
  return 0;
}
