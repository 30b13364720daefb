// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/json.hpp"
#include "cullet/base/text.hpp"
#include "cullet/environment/lock.hpp"

#include "locked_package.hpp"

namespace cullet::environment {
namespace {

constexpr std::uint64_t kMaxLock = std::uint64_t{64} << 20U;
constexpr std::uint64_t kFormat = 1;

/// Reads a lock's JSON. nlohmann's values know no positions, so that an error looks its key or
/// value up in the text: keys there are unique enough to lead to the place.
class LockReader {
 public:
  LockReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Lock read() {
    const auto root = parse_json(text_, file_, kMaxLock);
    if (!root.is_object() || !root.contains("lock") || !root["lock"].is_number_unsigned())
      fail("", "not a lock");
    const auto format = root["lock"].get<std::uint64_t>();
    if (format != kFormat)
      throw error("lock", cat("the lock has format ", format, ", this cullet reads ", kFormat))
          .hint(format > kFormat ? "use a newer cullet" : "run `cullet lock --update`");
    check_keys(root, {"lock", "packages", "sets"}, "lock");
    for (const auto& [key, value] : object(root, "packages", "packages").items())
      lock_.packages.emplace(key, package(key, value));
    for (const auto& [name, value] : object(root, "sets", "sets").items())
      lock_.sets.emplace(name, set(name, value));
    check_used();
    return std::move(lock_);
  }

 private:
  [[nodiscard]] Error error(const std::string& near, const std::string& message) const {
    const auto at = near.empty() ? 0 : text_.find(canonical(Json(near)));
    const auto before = text_.substr(0, at == std::string_view::npos ? 0 : at);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const auto start = before.rfind('\n');
    const auto column = before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
    return Error(Kind::input, cat(file_, ":", line, ":", column, ": ", message));
  }
  [[noreturn]] void fail(const std::string& near, const std::string& message) const {
    throw error(near, message).hint("run `cullet lock`");
  }

  void check_keys(const Json& value,
                  const std::vector<std::string>& known,
                  const std::string& near) const {
    if (!value.is_object())
      fail(near, cat("'", printable(near), "' must be an object"));
    for (const auto& [key, ignored] : value.items())
      if (std::find(known.begin(), known.end(), key) == known.end())
        fail(near, cat("unknown key '", printable(key), "' in '", printable(near), "'"));
  }
  const Json& object(const Json& parent, const std::string& key, const std::string& near) const {
    if (!parent.contains(key) || !parent.at(key).is_object())
      fail(near, cat("'", key, "' must be an object"));
    return parent.at(key);
  }
  std::string text_of(const Json& parent, const std::string& key, const std::string& near) const {
    if (!parent.contains(key) || !parent.at(key).is_string())
      fail(near, cat("'", key, "' of '", printable(near), "' must be a string"));
    return parent.at(key).get<std::string>();
  }
  /// Strings in ascending order, none twice.
  std::vector<std::string> list_of(const Json& parent,
                                   const std::string& key,
                                   const std::string& near) const {
    if (!parent.contains(key) || !parent.at(key).is_array())
      fail(near, cat("'", key, "' of '", printable(near), "' must be a list"));
    std::vector<std::string> result;
    for (const auto& item : parent.at(key)) {
      if (!item.is_string() || (!result.empty() && result.back() >= item.get<std::string>()))
        fail(near, cat("'", key, "' of '", printable(near), "' must be a sorted list of strings"));
      result.push_back(item.get<std::string>());
    }
    if (result.empty())
      fail(near, cat("'", key, "' of '", printable(near), "' is empty"));
    return result;
  }

  LockedPackage package(const std::string& key, const Json& value) const {
    auto package = parse_package_key(key);
    if (!package)
      fail(key, cat("'", printable(key), "' is not NAME=VERSION:ARCHITECTURE"));
    check_keys(value, {"path", "sha256", "size", "source", "source_version"}, key);
    package->path = text_of(value, "path", key);
    const auto hash = Sha256::parse_hex(text_of(value, "sha256", key));
    if (!hash)
      fail(key, cat("'sha256' of '", key, "' is not 64 hexadecimal digits"));
    package->sha256 = BlobDigest(*hash);
    if (!value.contains("size") || !value["size"].is_number_unsigned())
      fail(key, cat("'size' of '", key, "' must be a number"));
    package->size = value["size"].get<std::uint64_t>();
    package->source = value.contains("source") ? text_of(value, "source", key) : package->name;
    package->source_version =
        value.contains("source_version") ? text_of(value, "source_version", key) : package->version;
    if (const auto problem = package_problem(*package))
      fail(key, *problem);
    return *package;
  }

  Lock::Set set(const std::string& name, const Json& value) const {
    check_keys(value, {"dependencies", "packages", "requested", "suite"}, name);
    Lock::Set set;
    set.suite = text_of(value, "suite", name);
    if (!value.contains("dependencies") || !value["dependencies"].is_boolean())
      fail(name, cat("'dependencies' of '", printable(name), "' must be true or false"));
    set.dependencies = value["dependencies"].get<bool>();
    set.requested = list_of(value, "requested", name);
    set.packages = list_of(value, "packages", name);
    std::set<std::string> names;
    for (const auto& key : set.packages) {
      const auto found = lock_.packages.find(key);
      if (found == lock_.packages.end())
        fail(name, cat("'", printable(name), "' names '", printable(key), "', which is not there"));
      if (!names.insert(found->second.name).second)
        fail(name, cat("'", printable(name), "' holds '", found->second.name, "' twice"));
    }
    for (const auto& requested : set.requested)
      if (names.count(requested) == 0)
        fail(name, cat("'", printable(name), "' lacks '", printable(requested), "'"));
    return set;
  }

  /// A package that no set names is what a bad merge leaves.
  void check_used() const {
    std::set<std::string> used;
    for (const auto& [name, set] : lock_.sets)
      used.insert(set.packages.begin(), set.packages.end());
    for (const auto& [key, package] : lock_.packages)
      if (used.count(key) == 0)
        fail(key, cat("no set uses '", key, "'"));
  }

  std::string_view text_;
  const std::string& file_;
  Lock lock_;
};

}  // namespace

Lock Lock::parse(std::string_view text, const std::string& file) {
  return LockReader(text, file).read();
}

}  // namespace cullet::environment
