// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/environment/lock.hpp"

#include "apt_sources.hpp"

namespace cullet::environment {

std::vector<std::string> machine_mirrors(const std::string& suite) {
  std::vector<std::string> mirrors;
  for (const auto& source : select_sources(machine_sources(kEtcApt), suite, ""))
    if (std::find(mirrors.begin(), mirrors.end(), source.uri) == mirrors.end())
      mirrors.push_back(source.uri);
  return mirrors;
}

}  // namespace cullet::environment
