// SPDX-License-Identifier: Apache-2.0
#include "layer_matches.hpp"

#include <algorithm>
#include <iterator>

namespace cullet::image {

namespace {

using Indexes = std::vector<std::size_t>;

Indexes all(std::size_t count) {
  Indexes out(count);
  for (std::size_t index = 0; index < count; ++index)
    out[index] = index;
  return out;
}

/// Takes out those that `same` says belong together, each with the first that is left for it.
template <class Same>
void match(Indexes& mine, Indexes& others, std::vector<LayerMatch>& into, const Same& same) {
  for (auto at = mine.begin(); at != mine.end();) {
    const auto found = std::find_if(
        others.begin(), others.end(), [&](std::size_t other) { return same(*at, other); });
    if (found == others.end()) {
      ++at;
      continue;
    }
    into.push_back({*at, *found});
    others.erase(found);
    at = mine.erase(at);
  }
}

}  // namespace

LayerMatches match_layers(const std::vector<Descriptor>& first,
                          const std::vector<std::string>& first_made_of,
                          const std::vector<Descriptor>& second,
                          const std::vector<std::string>& second_made_of) {
  LayerMatches out;
  auto mine = all(first.size()), others = all(second.size());
  // Of a layer that stands there twice, the one in its place is meant: from both ends inwards.
  const auto equal = [&](std::size_t a, std::size_t b) {
    return first[a].digest == second[b].digest;
  };
  while (!mine.empty() && !others.empty() && equal(mine.back(), others.back())) {
    out.equal.push_back({mine.back(), others.back()});
    mine.pop_back();
    others.pop_back();
  }
  match(mine, others, out.equal, equal);
  match(mine, others, out.made_of_same, [&](std::size_t a, std::size_t b) {
    return !first_made_of[a].empty() && first_made_of[a] == second_made_of[b];
  });
  for (std::size_t i = 0; i < std::max(mine.size(), others.size()); ++i)
    out.rest.push_back({i < mine.size() ? std::optional(mine[i]) : std::nullopt,
                        i < others.size() ? std::optional(others[i]) : std::nullopt});
  return out;
}

std::vector<LayerMatch> out_of_order(const LayerMatches& matches) {
  auto known = matches.equal;
  known.insert(known.end(), matches.made_of_same.begin(), matches.made_of_same.end());
  std::sort(known.begin(), known.end(), [](const LayerMatch& a, const LayerMatch& b) {
    return a.first < b.first;
  });
  std::vector<LayerMatch> out;
  std::copy_if(known.begin(), known.end(), std::back_inserter(out), [&](const LayerMatch& pair) {
    return std::any_of(known.begin(), known.end(), [&](const LayerMatch& other) {
      return (other.first < pair.first) != (other.second < pair.second);
    });
  });
  return out;
}

}  // namespace cullet::image
