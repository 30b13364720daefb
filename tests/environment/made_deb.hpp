// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cullet/environment/lock.hpp"
#include "cullet/store/store.hpp"

namespace cullet::environment {

/// A tar as nobody sane would write it: every field is what the test says.
class MadeTar {
 public:
  MadeTar& file(const std::string& path, const std::string& text, unsigned mode = 0644);
  MadeTar& directory(const std::string& path);
  MadeTar& symlink(const std::string& path, const std::string& target);
  MadeTar& hardlink(const std::string& path, const std::string& target);
  /// Any type flag: '3' is a character device, '6' a fifo.
  MadeTar& entry(char type,
                 const std::string& path,
                 const std::string& text = "",
                 const std::string& target = "",
                 unsigned mode = 0644);
  [[nodiscard]] std::string bytes() const;

 private:
  std::string bytes_;
};

using Members = std::vector<std::pair<std::string, std::string>>;

/// An ar archive of these members.
std::string made_ar(const Members& members);

/// "Package: …" and so on, as a control.tar; with a postinst, if there is one.
std::string made_control(const std::string& name,
                         const std::string& version = "1.0",
                         const std::string& more = "",
                         const std::string& postinst = "");

/// A well-formed package with these files.
std::string made_deb(const std::string& name,
                     const MadeTar& data,
                     const std::string& version = "1.0");

/// Puts the bytes of a .deb into the store and locks them as NAME 1.0 for amd64.
LockedPackage stored(store::Store& store,
                     const std::string& name,
                     const std::string& deb,
                     const std::string& version = "1.0");

}  // namespace cullet::environment
