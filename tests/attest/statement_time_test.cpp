// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/statement_time.hpp"

#include <catch2/catch.hpp>

#include "cullet/attest/provenance.hpp"

using namespace cullet;
using namespace cullet::attest;

namespace {

Json predicate(const std::string& says, const std::string& day) {
  return {{"says", says},
          {"runDetails", {{"metadata", {{"finishedOn", "2026-01-" + day + "T00:00:00Z"}}}}}};
}

trust::Attestation holding(const std::string& says, const std::string& day) {
  trust::Attestation out;
  out.predicate_type = kProvenanceType;
  out.predicate = predicate(says, day);
  return out;
}

bool said(const std::vector<trust::Attestation>& there,
          const std::string& says,
          const std::string& day) {
  return is_said(there,
                 {std::string(kProvenanceType), predicate(says, day)},
                 [](const Json& one, const Json& other) { return one["says"] == other["says"]; });
}

}  // namespace

TEST_CASE("is_said: by the newest that holds, as readers go by it") {
  CHECK_FALSE(said({}, "a", "05"));
  CHECK(said({holding("a", "01")}, "a", "05"));
  CHECK_FALSE(said({holding("a", "01"), holding("b", "02")}, "a", "05"));
  CHECK_FALSE(said({holding("b", "02"), holding("a", "01")}, "a", "05"));
  CHECK(said({holding("a", "03"), holding("b", "02"), holding("a", "01")}, "a", "05"));
  auto broken = holding("a", "04");
  broken.problem = "another key";
  CHECK_FALSE(said({broken}, "a", "05"));
  CHECK(said({holding("b", "03"), broken}, "b", "05"));
}

TEST_CASE("is_said: a clock that was ahead once makes no statement more with every build") {
  CHECK(said({holding("b", "20"), holding("a", "01")}, "a", "05"));
  CHECK_FALSE(said({holding("b", "20")}, "a", "05"));
  CHECK(said({holding("a", "20")}, "a", "05"));  // of a machine whose clock is behind
}

TEST_CASE("newest: null where none holds") {
  CHECK(newest({}) == nullptr);
  auto broken = holding("a", "04");
  broken.problem = "another key";
  CHECK(newest({broken}) == nullptr);
  const std::vector<trust::Attestation> both = {holding("b", "03"), holding("a", "02"), broken};
  CHECK(newest(both) == &both[0]);
}
