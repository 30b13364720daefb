// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "escaped.hpp"
#include "image_difference.hpp"

namespace cullet::cli {

namespace {

constexpr std::string_view kNames[] = {"added", "removed", "changed"};
/// Symbols of a library that are named to a person; --json has them all.
constexpr std::size_t kShownSymbols = 8;

std::string_view change_name(const image::Difference& one) {
  return kNames[static_cast<std::size_t>(one.kind)];
}

std::string signed_size(std::uint64_t before, std::uint64_t after) {
  return after >= before ? "+" + human_size(after - before) : "-" + human_size(before - after);
}

/// "A → B", "A (new)" or "A (gone)".
std::string step(const std::string& before, const std::string& after) {
  if (before.empty())
    return cat(printable(after), " (new)");
  if (after.empty())
    return cat(printable(before), " (gone)");
  return cat(printable(before), " → ", printable(after));
}

std::string list(std::string_view what, const std::vector<std::string>& names) {
  if (names.empty())
    return {};
  auto shown = escaped(names);
  const auto count = shown.size();
  if (count > kShownSymbols)
    shown.resize(kShownSymbols);
  return cat("; ",
             what,
             " ",
             join(shown, ", "),
             count > kShownSymbols ? cat(" and ", count - kShownSymbols, " more") : std::string());
}

std::string library_lines(const image::Comparison& compared) {
  std::string out;
  for (const auto& name : compared.libraries_added)
    out += cat("library  ", printable(name), ": added\n");
  for (const auto& name : compared.libraries_removed)
    out += cat("library  ", printable(name), ": removed\n");
  for (const auto& one : compared.libraries)
    out += cat("library  ",
               printable(one.library),
               ": ",
               cat(list("symbols new:", one.symbols_added),
                   list("symbols gone:", one.symbols_removed),
                   list("needs now:", one.needed_added),
                   list("needs no more:", one.needed_removed))
                   .substr(2),
               "\n");
  return out;
}

Json library_record(const image::Comparison& compared) {
  Json changed = Json::object();
  for (const auto& one : compared.libraries)
    changed[printable(one.library)] = {{"symbolsAdded", escaped(one.symbols_added)},
                                       {"symbolsRemoved", escaped(one.symbols_removed)},
                                       {"neededAdded", escaped(one.needed_added)},
                                       {"neededRemoved", escaped(one.needed_removed)}};
  return {{"added", escaped(compared.libraries_added)},
          {"removed", escaped(compared.libraries_removed)},
          {"changed", std::move(changed)}};
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(printable(text));
}

Json file_records(const std::vector<image::Difference>& files) {
  Json out = Json::object();
  for (const auto& one : files) {
    Json record{{"change", change_name(one)}, {"what", printable(one.what)}};
    if (!one.directory && one.layer_before)
      record["sizeBefore"] = one.size_before;
    if (!one.directory && one.layer_after)
      record["sizeAfter"] = one.size_after;
    out[printable(one.path)] = std::move(record);
  }
  return out;
}

Json reason_record(const ImageDifference::Reason& reason) {
  const auto& input = reason.input;
  Json out{{"kind", input.kind},
           {"name", printable(input.name)},
           {"before", text_or_null(input.before)},
           {"after", text_or_null(input.after)},
           {"why", printable(input.why)}};
  for (const auto& line : reason.lines)
    out["lines"].push_back(line.to_json());
  return out;
}

std::string reason_lines(const ImageDifference::Reason& reason) {
  const auto& input = reason.input;
  auto out = cat("why      ",
                 input.kind,
                 input.name.empty() ? "" : " ",
                 printable(input.name),
                 ": ",
                 step(input.before, input.after),
                 input.why.empty() ? "" : ", ",
                 printable(input.why),
                 "\n");
  for (const auto& line : reason.lines)
    out += cat("           ", line.where, ": ", line.what, "\n");
  return out;
}

}  // namespace

Json ImageDifference::to_json() const {
  Json version_list = Json::array(), setting_list = Json::array(), reasons;
  for (const auto& one : versions)
    version_list.push_back({{"kind", one.kind},
                            {"name", printable(one.name)},
                            {"before", text_or_null(one.before)},
                            {"after", text_or_null(one.after)}});
  for (const auto& one : settings)
    setting_list.push_back(one.to_json());
  if (why) {
    reasons = Json::array();
    for (const auto& one : *why)
      reasons.push_back(reason_record(one));
  }
  Json out{{"before", before.manifest.digest.str()},
           {"after", after.manifest.digest.str()},
           {"files", file_records(compared.files)},
           {"size",
            {{"before", compared.bytes_before},
             {"after", compared.bytes_after},
             {"pathsBefore", compared.files_before},
             {"pathsAfter", compared.files_after}}},
           {"settings", std::move(setting_list)},
           {"versions", std::move(version_list)},
           {"libraries", library_record(compared)},
           {"why", std::move(reasons)},
           {"notes", escaped(notes)}};
  for (const auto& note : compared.notes)
    out["notes"].push_back(printable(note));
  if (inside)
    out["inside"] = inside->to_json();
  return out;
}

std::string ImageDifference::text() const {
  std::string out;
  for (const auto& one : compared.files) {
    const auto what = !one.what.empty() || one.directory
                          ? printable(one.what)
                          : human_size(one.layer_after ? one.size_after : one.size_before);
    out += cat(change_name(one), "  ", printable(one.path), what.empty() ? "" : ": ", what, "\n");
  }
  for (const auto& one : settings)
    out += cat("setting  ", one.where, ": ", one.what, "\n");
  if (!compared.equal())
    out += cat("size     ",
               human_size(compared.bytes_before),
               " → ",
               human_size(compared.bytes_after),
               " (",
               signed_size(compared.bytes_before, compared.bytes_after),
               "), ",
               compared.files_before,
               " → ",
               compared.files_after,
               " paths\n");
  for (const auto& one : versions)
    out += cat(
        "version  ", one.kind, " ", printable(one.name), ": ", step(one.before, one.after), "\n");
  out += library_lines(compared);
  if (why && why->empty() && before.manifest.digest != after.manifest.digest)
    out += "why      the two provenances name the same inputs\n";
  if (why)
    for (const auto& one : *why)
      out += reason_lines(one);
  if (inside)
    out += inside->text();
  return out;
}

}  // namespace cullet::cli
