// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cullet/image/repository.hpp"
#include "cullet/plan/plan.hpp"

#include "progress_view.hpp"
#include "session.hpp"

namespace cullet::cli {

/// What stands in the checkouts of the forks that a plan builds from, for --with-edits. Throws
/// Kind::input when none of them has a checkout.
plan::Edits capture_edits(Session& session, const plan::Plan& plan, ProgressView& view);

/// An image made from edits is not for release: its tags end with this, and nobody signs it.
inline constexpr std::string_view kEditsSuffix = "-edits";

/// Throws Kind::refused for an image made from edits, "cannot DOING …".
void refuse_edits(image::Repository& repository,
                  const image::Descriptor& manifest,
                  std::string_view doing);

}  // namespace cullet::cli
