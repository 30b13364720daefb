// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace cullet::image {

/// Whether every registry takes it as a tag (distribution-spec, "Pulling manifests"): up to 128
/// letters, digits, '_', '.' and '-', none of the last two at the beginning.
bool is_tag(std::string_view text);

/// Throws Kind::input where it is none.
void require_tag(const std::string& text);

/// "sha256-…": tags where signatures and referrers of the image of that digest are looked for
/// (cosign; distribution-spec, "Referrers Tag Schema"). What has one speaks about another image.
bool is_referrers_tag(std::string_view tag);

}  // namespace cullet::image
