// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cullet::environment {

/// One archive as apt sees it: one base URL and one suite.
struct AptSource {
  std::string uri;    ///< without a '/' at the end
  std::string suite;  ///< "bookworm-updates"
  std::vector<std::string> components;
  std::vector<std::string> architectures;  ///< empty: all
  /// Signed-By and what says how old an index may be, as deb822 fields. What would let unsigned
  /// indexes pass is never among them.
  std::map<std::string, std::string> options;
};

/// The binary archives of a .sources file (deb822) or a .list file (one line each), in order.
/// Entries that are switched off or that cullet can't use (cdrom:, tor+…) are left out; a file that
/// apt itself would refuse throws Kind::input naming file and line.
std::vector<AptSource> parse_deb822_sources(std::string_view text, const std::string& file);
std::vector<AptSource> parse_list_sources(std::string_view text, const std::string& file);

/// All that apt's configuration directory names: sources.list, then sources.list.d/* by name.
/// "mirror+file:" lists are read. Unreadable or broken files are skipped: the machine's apt may be
/// in a state that is none of cullet's business.
std::vector<AptSource> machine_sources(const std::filesystem::path& etc_apt);

/// Those of `sources` that carry `suite`, its updates or its security archive for the architecture
/// (empty: any), in this order. Where there are none, those of another suite of Debian, renamed:
/// mirrors carry them all.
std::vector<AptSource> select_sources(const std::vector<AptSource>& sources,
                                      const std::string& suite,
                                      const std::string& architecture);

/// The sources that mirrors given in cullet.yaml stand for (lock.hpp, resolve()).
std::vector<AptSource> mirror_sources(const std::vector<std::string>& mirrors,
                                      const std::string& suite);

/// deb822 text for apt.
std::string format_sources(const std::vector<AptSource>& sources, const std::string& architecture);

/// Where apt's configuration is, unless a test says otherwise.
inline constexpr std::string_view kEtcApt = "/etc/apt";

}  // namespace cullet::environment
