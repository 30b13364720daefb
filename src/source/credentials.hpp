// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/cancel.hpp"

#include "location.hpp"

namespace cullet::source {

struct Login {
  std::string user, password;
};

/// What a netrc file says of `host`: the first entry for it (with that user, unless empty), else
/// "default". Malformed text ends the reading: what stands before counts.
std::optional<Login> find_in_netrc(std::string_view text,
                                   std::string_view host,
                                   std::string_view user);

/// Logins for one http repository, in the order they are tried: those in its URL, what git's
/// credential helpers know, netrc. Nobody is ever asked. Passwords appear in no error.
class Credentials {
 public:
  using Environment = std::map<std::string, std::string>;

  /// All must outlive it.
  Credentials(const Location& location, const Environment& environment, const Cancel& cancel)
      : location_(location), environment_(environment), cancel_(cancel) {}

  /// The next one to try, or nullopt when there are no more. Those before were not accepted, and
  /// helpers are told so.
  std::optional<Login> next();
  /// The last one was accepted: helpers may keep it.
  void accepted();
  /// Where was looked, for an error.
  [[nodiscard]] const std::vector<std::string>& tried() const noexcept { return tried_; }

 private:
  std::optional<Login> from_helper();
  std::optional<Login> from_netrc();
  std::optional<std::string> run_git(const char* action, const std::optional<Login>& login);

  const Location& location_;
  const Environment& environment_;
  const Cancel& cancel_;
  std::size_t stage_ = 0;
  std::optional<Login> helper_login_;
  std::vector<std::string> tried_;
};

}  // namespace cullet::source
