// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace cullet {

/// Who a process is in a new user namespace (user_namespaces(7)). Made before fork(2).
class IdMaps {
 public:
  /// The caller's own effective user and group as these.
  IdMaps(unsigned user, unsigned group);

  /// For the child, after unshare(2), with async-signal-safe calls only; gives 0 or an errno. The
  /// child still dies with its parent, which the change of credentials may have cleared.
  [[nodiscard]] int apply() const noexcept;

 private:
  std::string user_, group_;
};

}  // namespace cullet
