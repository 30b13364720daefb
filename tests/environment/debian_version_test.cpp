// SPDX-License-Identifier: Apache-2.0
#include "cullet/environment/debian_version.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace cullet::environment {
namespace {

/// In dpkg's order.
const std::vector<std::string> kOrdered{"0~~",
                                        "0~~a",
                                        "0~",
                                        "0",
                                        "1.0~rc1-1",
                                        "1.0-0.1",
                                        "1.0-1",
                                        "1.0-1+b1",
                                        "1.0a-1",
                                        "1.0+dfsg-1",
                                        "1.0.1-1",
                                        "1.9-1",
                                        "1.10-1",
                                        "2.36-9+deb12u7",
                                        "2.36-9+deb12u10",
                                        "99999999999999999999-1",
                                        "1:0.1-1",
                                        "1:0.1-1-2",
                                        "2:0"};

TEST_CASE("compare_debian_versions: the order of each pair") {
  for (std::size_t i = 0; i < kOrdered.size(); ++i)
    for (std::size_t k = 0; k < kOrdered.size(); ++k) {
      INFO(kOrdered[i] << " and " << kOrdered[k]);
      const auto order = compare_debian_versions(kOrdered[i], kOrdered[k]);
      REQUIRE(order);
      CHECK((*order < 0) == (i < k));
      CHECK((*order == 0) == (i == k));
    }
}

TEST_CASE("compare_debian_versions: equal in other words") {
  CHECK(compare_debian_versions("0:1.0-1", "1.0-01") == std::weak_ordering::equivalent);
  CHECK(compare_debian_versions("1.0", "1.0-0") == std::weak_ordering::equivalent);
}

TEST_CASE("compare_debian_versions: no versions") {
  for (const auto* text : {"", ":1", "x:1", "1:", "-1", "1.0-", "1 0", "1/2", "1.0\n"}) {
    INFO(text);
    CHECK_FALSE(compare_debian_versions(text, "1"));
    CHECK_FALSE(compare_debian_versions("1", text));
  }
}

}  // namespace
}  // namespace cullet::environment
