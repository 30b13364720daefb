// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace cullet {

/// Who a process is in a new user namespace (user_namespaces(7)). Made before fork(2).
class IdMaps {
 public:
  /// The caller's own effective user and group as these.
  IdMaps(unsigned user, unsigned group);

  /// For the child, in the namespace, with async-signal-safe calls only; gives 0 or an errno.
  [[nodiscard]] int apply() const noexcept;

 private:
  std::string user_, group_;
};

}  // namespace cullet
