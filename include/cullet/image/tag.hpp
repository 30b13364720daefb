// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace cullet::image {

/// Throws Kind::input for what no registry takes as a tag (base/image_name.hpp).
void require_tag(const std::string& text);

/// "sha256-…": tags where signatures and referrers of the image of that digest are looked for
/// (cosign; distribution-spec, "Referrers Tag Schema"). What has one speaks about another image.
bool is_referrers_tag(std::string_view tag);

}  // namespace cullet::image
