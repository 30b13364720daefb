// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/http/client.hpp"

namespace cullet::registry {

/// The "CODE: message" lines of an error answer (distribution-spec, "Error Codes"), escaped and
/// bounded; what is no such document gives none.
std::vector<std::string> error_lines(const http::Response& response);
/// Whether the answer names this error code.
bool says(const http::Response& response, const std::string& code);

/// The error for an answer that can't be gone on from: "cannot DO at HOST: the registry answers
/// 403", the registry's own words, and what to do. `login` is what to log in to, where that is not
/// the host.
Error unexpected(const std::string& doing,
                 const std::string& host,
                 const http::Response& response,
                 const std::string& login = {});

}  // namespace cullet::registry
