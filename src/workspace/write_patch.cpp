// SPDX-License-Identifier: Apache-2.0
#include "write_patch.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/json.hpp"
#include "cullet/base/text.hpp"
#include "cullet/workspace/edit.hpp"

namespace cullet::workspace {
namespace {

constexpr std::string_view kLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Text that YAML reads as itself without quotes, wherever it stands; all other is quoted as JSON,
/// which YAML reads the same.
std::string scalar(const std::string& text) {
  const bool starts_well = !text.empty() && kLetters.find(text[0]) != kLetters.npos;
  const bool plain =
      starts_well && text.back() != ' ' && std::all_of(text.begin(), text.end(), [](char c) {
        return kLetters.find(c) != kLetters.npos ||
               std::string_view(" ._/+@<>();'-").find(c) != std::string_view::npos;
      });
  const auto words = {"null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"};
  if (plain && std::find(words.begin(), words.end(), text) == words.end())
    return text;
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string list(const std::vector<std::string>& values) {
  std::vector<std::string> written;
  for (const auto& value : values)
    written.push_back(scalar(value));
  return cat("[", join(written, ", "), "]");
}

std::string archive(const Archive& archive) {
  auto text = cat("{ name: ", scalar(archive.name), ", sha256: ", archive.sha256.hex());
  if (archive.size)
    text += cat(", size: ", *archive.size);
  if (!archive.path.empty())
    text += cat(", path: ", scalar(archive.path));
  return cat(text, ", from: ", list(archive.from), " }");
}

}  // namespace

std::vector<std::pair<std::string, std::string>> patch_fields(const Patch& patch) {
  std::vector<std::pair<std::string, std::string>> fields;
  const auto add = [&](std::string_view key, std::string value) {
    fields.emplace_back(key, std::move(value));
  };
  if (const auto* file = std::get_if<Patch::File>(&patch.from)) {
    add("file", scalar(file->path));
  } else if (const auto* commit = std::get_if<Patch::Commit>(&patch.from)) {
    add("commit", commit->id);
  } else {
    const auto& member = std::get<Patch::Member>(patch.from);
    add("archive", archive(member.archive));
    add("path", scalar(member.path));
  }
  if (patch.strip != 1)
    add("strip", std::to_string(patch.strip));
  if (!patch.fixes.empty())
    add("fixes", list(patch.fixes));
  add("reason", scalar(patch.reason));
  if (!patch.by.empty())
    add("by", scalar(patch.by));
  if (!patch.added.empty())
    add("added", patch.added);
  if (patch.expires)
    add("expires", rfc3339(*patch.expires).substr(0, 10));
  if (patch.sha256)
    add("sha256", patch.sha256->hex());
  if (!patch.picked.empty())
    add("picked", list(patch.picked));
  return fields;
}

bool same(const Patch& a, const Patch& b) {
  return patch_fields(a) == patch_fields(b);
}

std::string patch_entry(const Patch& patch) {
  std::string text;
  for (const auto& [key, value] : patch_fields(patch))
    text += cat(text.empty() ? "- " : "  ", key, ": ", value, "\n");
  return text;
}

}  // namespace cullet::workspace
