// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/file.hpp"

namespace cullet::environment {

/// One binary package of a made archive: its record in the index.
struct MadeRecord {
  std::string name = {}, version = "1.0", depends = {}, provides = {}, source = {};
};

/// A Debian archive below a temporary directory, of one suite, signed by a key of its own. Keys are
/// made by gpg; where it is missing, nothing can be signed.
class MadeArchive {
 public:
  explicit MadeArchive(std::string suite = "bookworm");

  [[nodiscard]] std::string url() const { return "file://" + root().string(); }
  [[nodiscard]] std::filesystem::path root() const { return directory_.path() / "debian"; }
  /// Writes the suite's index, its pool and an unsigned Release; returns its directory.
  std::filesystem::path publish(const std::vector<MadeRecord>& records) const;
  /// Makes a key called `name` and returns its public keyring; nullopt without gpg.
  [[nodiscard]] std::optional<std::filesystem::path> make_key(const std::string& name) const;
  /// Writes InRelease, signed by that key.
  void sign(const std::string& key) const;
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
  std::string suite_;
};

}  // namespace cullet::environment
