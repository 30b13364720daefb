// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "mirror.hpp"

namespace cullet::source {

/// Where the fork's own content comes from: its `url`, else its `import`, else its `upstream`.
struct Origin {
  bool imported = false;
  std::string url;  ///< of git; empty when imported
};
Origin origin_of(const workspace::Fork& fork);

/// The fork's mirror, by its name and origin.
Mirror mirror_of(const Context& context, const workspace::Fork& fork);

/// The mirror that `import` goes to: mirror_of() unless the fork has a `url` as well.
Mirror import_mirror_of(const Context& context, const workspace::Fork& fork);

/// The prefixes of the references that a pin has to be reachable from.
const std::vector<std::string>& own_references();

PinInfo info_of(const Commit& commit);

/// The pin where the mirror has it already, reachable as ensure_pin() wants it.
std::optional<PinInfo> find_pin(const Context& context, const workspace::Fork& fork);

/// Imports the fork's archive into its mirror; the mirror's lock is held.
git_oid import_locked(const Context& context,
                      const workspace::Fork& fork,
                      const Mirror& mirror,
                      const Mirror::Lock& lock);

/// Fetches what `cullet fork sync` does; the mirror's lock is held.
void sync_locked(const Context& context,
                 const workspace::Fork& fork,
                 const Mirror& mirror,
                 const Mirror::Lock& lock);

}  // namespace cullet::source
