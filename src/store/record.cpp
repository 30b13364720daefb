// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "cullet/base/error.hpp"

namespace cullet::store {
namespace {

constexpr std::uint64_t kLimit = std::uint64_t{256} << 20U;

template <class Digest>
Json to_json(const std::vector<Digest>& digests) {
  Json out = Json::array();
  for (const auto& digest : digests)
    out.push_back(digest.str());
  return out;
}

template <class Digest>
std::vector<Digest> from_json(const Json& record, const char* key) {
  std::vector<Digest> digests;
  for (const auto& text : array_at(record, key, "the record")) {
    const auto digest =
        text.is_string() ? Digest::parse(text.get_ref<const std::string&>()) : std::nullopt;
    if (!digest)
      throw Error(Kind::input, cat("the record: '", key, "' must hold digests"));
    digests.push_back(*digest);
  }
  return digests;
}

/// The store's JSON is canonical, which has no such numbers.
bool has_fraction(const Json& value) {
  return value.is_number_float() ||
         (value.is_structured() && std::any_of(value.begin(), value.end(), has_fraction));
}

}  // namespace

std::string write_record(const ActionRecord& record) {
  const auto text = canonical(Json{
      {"blobs", to_json(record.blobs)}, {"trees", to_json(record.trees)}, {"value", record.value}});
  return cat(sha256(text).hex(), "\n", text);
}

namespace {

/// The JSON of a file, behind its own digest if `sealed`.
std::optional<Json> read(const std::filesystem::path& path, bool sealed) {
  try {
    const auto file = find_file(path, kLimit);
    if (!file)
      return std::nullopt;
    std::string_view text(*file);
    if (sealed) {
      const auto end = text.find('\n');
      if (end == std::string_view::npos ||
          Sha256::parse_hex(text.substr(0, end)) != sha256(text.substr(end + 1)))
        return std::nullopt;
      text.remove_prefix(end + 1);
    }
    auto json = parse_json(text, path.string(), kLimit);
    return has_fraction(json) ? std::nullopt : std::optional(std::move(json));
  } catch (const Error& error) {
    // What can't be read is made again: absence, damage and bad sectors are all one here.
    if (error.kind() != Kind::input && error.kind() != Kind::machine)
      throw;
    return std::nullopt;
  }
}

}  // namespace

std::optional<Json> read_json(const std::filesystem::path& path) {
  return read(path, false);
}

std::optional<ActionRecord> read_record(const std::filesystem::path& path) {
  const auto json = read(path, true);
  if (!json || !json->is_object() || !json->contains("value"))
    return std::nullopt;
  try {
    return ActionRecord{json->at("value"),
                        from_json<TreeDigest>(*json, "trees"),
                        from_json<BlobDigest>(*json, "blobs")};
  } catch (const Error& error) {
    if (error.kind() != Kind::input)
      throw;
    return std::nullopt;
  }
}

}  // namespace cullet::store
