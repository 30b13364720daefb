// SPDX-License-Identifier: Apache-2.0
#include "locked_package.hpp"

#include <algorithm>
#include <tuple>

#include "cullet/base/error.hpp"
#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"

namespace cullet::environment {
namespace {

constexpr std::uint64_t kMaxDeb = std::uint64_t{8} << 30U;
constexpr std::size_t kMaxWord = 250;  // a file's name has to hold it

bool is_word(std::string_view text, std::string_view others) {
  return !text.empty() && text.size() <= kMaxWord &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  others.find(c) != std::string_view::npos;
         });
}

bool is_package_name(std::string_view text) {
  return is_word(text, "+-.") && text[0] != '.' && text[0] != '-' && text[0] != '+';
}

bool is_version(std::string_view text) {
  return is_word(text, ".+-~:");
}

bool is_pool_path(std::string_view text) {
  const auto path = RelativePath::parse(text);
  return path && path->str() == text && text.size() > 4 && text.substr(text.size() - 4) == ".deb" &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_word({&c, 1}, "+-.~:_/%");
         });
}

}  // namespace

std::string package_key(const LockedPackage& package) {
  return cat(package.name, "=", package.version, ":", package.architecture);
}

std::optional<LockedPackage> parse_package_key(std::string_view key) {
  const auto equals = key.find('=');
  const auto colon = key.rfind(':');
  if (equals == std::string_view::npos || colon == std::string_view::npos || colon < equals)
    return std::nullopt;
  LockedPackage package;
  package.name = key.substr(0, equals);
  package.version = key.substr(equals + 1, colon - equals - 1);
  package.architecture = key.substr(colon + 1);
  if (!is_package_name(package.name) || !is_version(package.version) ||
      !is_word(package.architecture, "-"))
    return std::nullopt;
  return package;
}

std::optional<std::string> package_problem(const LockedPackage& package) {
  if (!is_package_name(package.name))
    return cat("'", printable(package.name), "' is not the name of a package");
  if (!is_version(package.version))
    return cat("'", printable(package.version), "' is not a version");
  if (!is_word(package.architecture, "-"))
    return cat("'", printable(package.architecture), "' is not an architecture");
  if (!is_package_name(package.source))
    return cat("'", printable(package.source), "' is not the name of a source package");
  if (!is_version(package.source_version))
    return cat("'", printable(package.source_version), "' is not the version of a source package");
  if (!is_pool_path(package.path))
    return cat("'", printable(package.path), "' is not the path of a .deb");
  if (package.size == 0 || package.size > kMaxDeb)
    return cat(package.size, " bytes is no size of a .deb");
  return std::nullopt;
}

std::pair<std::string, std::string> source_of(const ControlParagraph& record) {
  const auto source = words(record.get("Source"));
  std::pair out(source.empty() ? record.get("Package") : source[0], record.get("Version"));
  if (source.size() == 2 && source[1].size() > 2)
    out.second = source[1].substr(1, source[1].size() - 2);
  return out;
}

LockedPackage package_from_record(const ControlParagraph& record) {
  LockedPackage package;
  package.name = record.get("Package");
  package.version = record.get("Version");
  package.architecture = record.get("Architecture");
  std::tie(package.source, package.source_version) = source_of(record);
  package.path = record.get("Filename");
  if (package.path.rfind("./", 0) == 0)
    package.path.erase(0, 2);
  package.size = parse_number(record.get("Size")).value_or(0);
  const auto hash = Sha256::parse_hex(record.get("SHA256"));
  auto problem = package_problem(package);
  if (!hash && !problem)
    problem = "it has no SHA-256";
  if (problem)
    throw Error(Kind::refused,
                cat("the index's record of '", printable(package.name), "' can't be used"))
        .detail(*problem);
  package.sha256 = BlobDigest(*hash);
  return package;
}

}  // namespace cullet::environment
