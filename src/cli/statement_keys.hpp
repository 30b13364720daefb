// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cullet/trust/key.hpp"

#include "session.hpp"

namespace cullet::cli {

/// The public keys that statements are believed by: the files named with --key, else the one that
/// the workspace attests with. Throws Kind::input where there is neither.
std::vector<trust::PublicKey> statement_keys(Session& session,
                                             const std::vector<std::string>& files);

}  // namespace cullet::cli
