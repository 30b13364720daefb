// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command.hpp"

namespace cullet::cli {

/// `export` and `import`, below `cullet inputs`.
void register_inputs_file(CLI::App& parent, Action& chosen);

}  // namespace cullet::cli
