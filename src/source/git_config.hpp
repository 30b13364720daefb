// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cullet::source {

/// What the user's and the machine's git configuration says (git-config(1)): the system's file,
/// $XDG_CONFIG_HOME/git/config, ~/.gitconfig and GIT_CONFIG_COUNT's variables, in that order, as
/// found through the environment that is passed in. A repository's own configuration is not read:
/// it is not the user's. Immutable.
class GitConfig {
 public:
  using Environment = std::map<std::string, std::string>;

  GitConfig() = default;
  /// Throws Kind::input, naming the file, for one that can't be parsed.
  static GitConfig load(const Environment& environment);

  /// The URL with the longest matching url.BASE.insteadOf replaced by its BASE.
  [[nodiscard]] std::string rewritten(std::string_view url) const;
  /// The last value of a key such as "core.sshcommand".
  [[nodiscard]] std::optional<std::string> get(std::string_view key) const;
  /// http.NAME, or what http.URL.NAME says for the most specific URL that is a prefix of `url`.
  [[nodiscard]] std::vector<std::string> http_settings(std::string_view url,
                                                       std::string_view name) const;
  /// The last of them.
  [[nodiscard]] std::optional<std::string> http_setting(std::string_view url,
                                                        std::string_view name) const;

 private:
  void read_file(const std::string& path);
  void read_variables(const Environment& environment);

  std::vector<std::pair<std::string, std::string>> entries_;  ///< least important first
};

}  // namespace cullet::source
