// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/summary.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "cullet/attest/provenance.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/trust/attestation.hpp"

namespace cullet::attest {

namespace {

constexpr std::string_view kSlsaVersion = "1.2";
constexpr std::string_view kPassed = "PASSED";

/// The digests of a summary's inputAttestations.
std::vector<std::string> inputs_of(const Json& summary) {
  std::vector<std::string> out;
  if (!summary.contains("inputAttestations"))
    return out;
  for (const auto& input : array_at(summary, "inputAttestations", "the summary"))
    out.push_back(
        string_at(object_at(input, "digest", "an input of the summary"), "sha256", "a digest"));
  return out;
}

/// The predicate without what may differ between two that say the same.
Json without_circumstance(Json predicate) {
  if (!predicate.is_object())
    return predicate;
  for (const auto* name : {"timeVerified", "resourceUri"})
    predicate.erase(name);
  if (predicate.contains("verifier") && predicate["verifier"].is_object())
    predicate["verifier"].erase("version");
  return predicate;
}

/// Throws Kind::input for what is no summary, Kind::refused for one that says something else.
Rebuilders::One read(const trust::Attestation& found) {
  constexpr std::string_view kWhat = "the summary";
  const auto& summary = found.predicate;
  Rebuilders::One one;
  one.key = found.key;
  one.carrier = found.carrier;
  one.verifier = string_at(object_at(summary, "verifier", kWhat), "id", "its verifier");
  one.time = optional_string(summary, "timeVerified", kWhat);
  const auto& result = string_at(summary, "verificationResult", kWhat);
  if (result != kPassed)
    throw Error(Kind::refused, cat("it says ", printable(result)));
  const auto& levels = array_at(summary, "verifiedLevels", kWhat);
  if (std::find(levels.begin(), levels.end(), Json(kReproduced)) == levels.end())
    throw Error(Kind::refused, cat("it does not say ", kReproduced));
  return one;
}

/// Counts summaries, key by key.
class Count {
 public:
  Count(std::size_t keys, std::map<std::string, std::size_t> provenance)
      : said_(keys), failed_(keys), provenance_(std::move(provenance)) {}

  void add(const trust::Attestation& found) {
    try {
      if (!found.problem.empty())
        throw Error(Kind::refused, found.problem);
      if (found.predicate.value("verificationResult", Json()) == "FAILED")
        failed_[found.key] = true;
      auto one = read(found);
      if (rests_on_itself(found))
        throw Error(Kind::refused,
                    "it rests on provenance by the same key alone: that is the builder's own");
      if (!said_[found.key])
        said_[found.key] = std::move(one);
    } catch (const Error& error) {
      if (error.kind() != Kind::input && error.kind() != Kind::refused)
        throw;
      problems.push_back(cat("the summary in ", found.carrier, ": ", printable(error.message())));
    }
  }

  [[nodiscard]] std::vector<Rebuilders::One> counted() {
    std::vector<Rebuilders::One> out;
    for (std::size_t key = 0; key < said_.size(); ++key)
      if (said_[key] && failed_[key])
        problems.push_back(cat(printable(said_[key]->verifier), " says PASSED and FAILED"));
      else if (said_[key])
        out.push_back(*said_[key]);
    return out;
  }

  std::vector<std::string> problems;

 private:
  [[nodiscard]] bool rests_on_itself(const trust::Attestation& found) const {
    const auto inputs = inputs_of(found.predicate);
    return !inputs.empty() && std::all_of(inputs.begin(), inputs.end(), [&](const auto& input) {
      const auto made = provenance_.find(input);
      return made != provenance_.end() && made->second == found.key;
    });
  }

  std::vector<std::optional<Rebuilders::One>> said_;
  std::vector<bool> failed_;
  std::map<std::string, std::size_t> provenance_;  ///< keys, by the carrier's hex digest
};

}  // namespace

Json reproduced_summary(const Rebuild& rebuild) {
  Json inputs = Json::array();
  for (const auto& carrier : rebuild.provenance)
    inputs.push_back({{"digest", {{"sha256", carrier.hex()}}}});
  return {{"verifier", {{"id", rebuild.verifier}, {"version", {{"cullet", rebuild.version}}}}},
          {"timeVerified", rfc3339(rebuild.time)},
          {"resourceUri", rebuild.resource},
          {"policy", {{"uri", kReproducePolicy}}},
          {"inputAttestations", std::move(inputs)},
          {"verificationResult", kPassed},
          {"verifiedLevels", {kReproduced}},
          {"slsaVersion", kSlsaVersion}};
}

bool same_summary(const Json& there, const Json& wanted) {
  return without_circumstance(there) == without_circumstance(wanted);
}

Rebuilders rebuilders(image::Repository& repository,
                      const image::Descriptor& manifest,
                      const std::vector<trust::PublicKey>& trusted,
                      const std::vector<trust::PublicKey>& not_independent) {
  Rebuilders out;
  std::vector<trust::PublicKey> keys;
  std::vector<std::size_t> names;
  for (std::size_t index = 0; index < trusted.size(); ++index) {
    const auto& key = trusted[index];
    if (std::find(not_independent.begin(), not_independent.end(), key) != not_independent.end()) {
      out.problems.push_back(
          cat("key ", index + 1, " signs for the builder: no rebuilder is independent with it"));
    } else if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      keys.push_back(key);
      names.push_back(index);
    }
  }
  if (keys.empty())
    return out;
  std::map<std::string, std::size_t> provenance;
  for (const auto& found : trust::attestations(repository, manifest, keys, kProvenanceType))
    if (found.problem.empty())
      provenance.emplace(found.carrier.hex(), found.key);
  Count count(keys.size(), std::move(provenance));
  for (const auto& found : trust::attestations(repository, manifest, keys, kSummaryType))
    count.add(found);
  out.counted = count.counted();
  for (auto& one : out.counted)
    one.key = names[one.key];
  out.problems.insert(out.problems.end(), count.problems.begin(), count.problems.end());
  return out;
}

void demand_rebuilders(const Rebuilders& found, std::size_t wanted, const std::string& image) {
  if (found.counted.size() >= wanted)
    return;
  Error error(Kind::refused,
              cat(image,
                  " was reproduced by ",
                  found.counted.size(),
                  " of the trusted rebuilders, not by ",
                  wanted));
  for (const auto& one : found.counted)
    error.detail(cat("reproduced by ", printable(one.verifier), " at ", printable(one.time)));
  for (const auto& problem : found.problems)
    error.detail(problem);
  throw std::move(error).hint("`cullet reproduce REF --sign KEY` says so once it is the same");
}

}  // namespace cullet::attest
