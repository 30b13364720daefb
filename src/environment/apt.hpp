// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/process.hpp"
#include "cullet/environment/lock.hpp"

#include "apt_sources.hpp"
#include "control_file.hpp"

namespace cullet::environment {

/// apt-get and apt-cache with directories of their own, below `work`. Of the machine's
/// configuration they see what concerns transport and dates, nothing else.
class Apt {
 public:
  /// `suite` is one of Debian. Throws Kind::input where no mirror is known for it.
  Apt(std::filesystem::path work,
      std::string suite,
      const AptOptions& options,
      const Cancel& cancel);

  /// Fetches the indexes and verifies their signatures: Kind::refused where they don't verify,
  /// Kind::machine where they can't be had.
  void update();
  /// Every package that the indexes hold, sorted; virtual ones are not among them.
  [[nodiscard]] std::vector<std::string> names() const;
  /// The packages that provide a virtual one, sorted.
  [[nodiscard]] std::vector<std::string> providers(const std::string& name) const;
  /// "name=version" of all that installing `packages` on nothing would install. Throws Kind::input
  /// with apt's reason where that can't be.
  [[nodiscard]] std::vector<std::string> install(const std::vector<std::string>& packages) const;
  /// The record of each of `packages` ("name" or "name=version"), without order.
  [[nodiscard]] std::vector<LockedPackage> records(const std::vector<std::string>& packages) const;

 private:
  void write_configuration() const;
  void write_keyrings() const;
  void write_sources() const;
  void drop_foreign_origins();
  [[nodiscard]] Captured run(std::vector<std::string> argv) const;

  std::filesystem::path work_;
  std::string suite_;
  const AptOptions& options_;
  const Cancel& cancel_;
  std::vector<AptSource> sources_;
};

}  // namespace cullet::environment
