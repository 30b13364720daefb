// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cullet/sandbox/sandbox.hpp"

namespace cullet::sandbox {

/// bwrap's command line for a spec whose mounts lie on the stage. `seccomp_fd` holds the filter,
/// `status_fd` gets bwrap's own report (--json-status-fd).
std::vector<std::string> bwrap_arguments(const Spec& spec, int seccomp_fd, int status_fd);

}  // namespace cullet::sandbox
