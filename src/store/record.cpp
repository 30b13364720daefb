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
  return canonical(Json{
      {"blobs", to_json(record.blobs)}, {"trees", to_json(record.trees)}, {"value", record.value}});
}

std::optional<Json> read_json(const std::filesystem::path& path) {
  try {
    const auto text = find_file(path, kLimit);
    if (!text)
      return std::nullopt;
    auto json = parse_json(*text, path.string(), kLimit);
    return has_fraction(json) ? std::nullopt : std::optional(std::move(json));
  } catch (const Error& error) {
    // What can't be read is made again: absence, damage and bad sectors are all one here.
    if (error.kind() != Kind::input && error.kind() != Kind::machine)
      throw;
    return std::nullopt;
  }
}

std::optional<ActionRecord> read_record(const std::filesystem::path& path) {
  const auto json = read_json(path);
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
