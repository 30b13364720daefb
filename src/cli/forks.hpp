// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cullet/source/source.hpp"

#include "progress_view.hpp"
#include "session.hpp"

namespace cullet::cli {

/// Progress of the source layer as lines of a build's view.
source::Context source_context(Session& session, ProgressView& view);
/// Likewise, through a client of its own.
source::Context source_context(Session& session, ProgressView& view, http::Client& client);

/// Throws Kind::input, suggesting the nearest, for a fork that isn't there.
const workspace::Fork& find_fork(Session& session, const std::string& name);

/// The patch of a fork by its name, or by the end of it without ".patch": "CVE-2023-45853" for
/// zlib/CVE-2023-45853.patch. Throws Kind::input for none, suggesting the nearest, or several.
std::size_t find_patch(const workspace::Fork& fork, const std::string& name);

}  // namespace cullet::cli
