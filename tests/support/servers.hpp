// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/json.hpp"
#include "cullet/base/process.hpp"
#include "cullet/http/client.hpp"

namespace cullet::test {

/// An empty directory of the test's own.
TemporaryDirectory scratch();

/// Client options that wait for nothing worth mentioning between attempts.
http::Options fast_options();

/// Bytes that don't repeat; other ones for another seed.
std::string pattern(std::size_t size, std::uint32_t seed = 1);

/// Servers to begin with: docker-registry behind a proxy that fails as told, and a server of files
/// below $FIXTURE_DIR/site that does.
inline const std::vector<std::string> kProxied = {"registry_start", "faulty_proxy $REGISTRY_URL"};
inline const std::vector<std::string> kScripted = {"mkdir $FIXTURE_DIR/site",
                                                   "faulty_serve $FIXTURE_DIR/site"};

/// A rule for Servers::script(): what becomes of the requests that match, `times` times after the
/// first `skip`.
Json fault(const std::string& match, int times, const Json& action, int skip = 0);

/// Real servers on loopback (tests/support/servers.sh), gone with the object.
class Servers {
 public:
  /// As in Servers({"registry_start basic", "faulty_proxy $REGISTRY_URL"}).
  explicit Servers(const std::vector<std::string>& commands);
  ~Servers();
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;
  Servers(Servers&&) = delete;
  Servers& operator=(Servers&&) = delete;

  /// What a fixture reports: "REGISTRY", "FAULTY_URL", …
  [[nodiscard]] const std::string& operator[](const std::string& name) const;
  /// From now on the faulty server does this (tests/support/faulty_server.py).
  void script(const Json& rules) const;
  /// The faulty server's requests since the start or the last forget().
  [[nodiscard]] std::vector<Json> requests() const;
  void forget() const;
  /// How many of them are METHOD and have `part` in their path.
  [[nodiscard]] std::size_t count(const std::string& method, const std::string& part = "") const;
  /// A directory that goes with the servers.
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }

  /// Why this machine can't run them ("docker-registry is not installed"); nullopt: it can.
  static std::optional<std::string> missing(const std::vector<std::string>& programs);

 private:
  void settle() const;

  TemporaryDirectory directory_;
  Fd keep_alive_;
  std::optional<Process> process_;
  std::map<std::string, std::string> values_;
  Cancel cancel_;
};

}  // namespace cullet::test

/// Leaves the test, saying why, where a program is not installed.
#define CULLET_REQUIRE_PROGRAMS(...)                                         \
  if (const auto why = cullet::test::Servers::missing({__VA_ARGS__}); why) { \
    WARN("skipped: " << *why);                                               \
    return;                                                                  \
  }
