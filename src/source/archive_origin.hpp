// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/source/source.hpp"

namespace cullet::source {

/// The archive's bytes as a blob of the store, fetched only when they are not there yet, and kept
/// there by a record of its own (store/store.hpp, collect()). Its `from` entries are tried in
/// order. Throws Kind::refused when only other bytes were found, Kind::machine when none of the
/// places could be reached, Kind::input when none of the paths exists; each reason is a detail.
BlobDigest find_archive(const Context& context, const workspace::Archive& archive);

}  // namespace cullet::source
