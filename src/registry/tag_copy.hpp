// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cullet/image/repository.hpp"

#include "transfer.hpp"

namespace cullet::registry {

/// Copies what cosign keeps under a tag (".sig", ".att", ".sbom"), one layer a signature. Where
/// both repositories have the tag, the target's signatures stay and those that it lacks are added.
/// Returns whether anything was changed.
bool copy_signature_tag(image::Repository& from,
                        image::Repository& to,
                        const std::string& tag,
                        Transfer& transfer);

}  // namespace cullet::registry
