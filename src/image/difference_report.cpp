// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/error.hpp"
#include "cullet/image/explain_difference.hpp"

namespace cullet::image {

namespace {

std::string_view name(Cause cause) {
  switch (cause) {
    case Cause::unknown:
      break;
    case Cause::time:
      return "time";
    case Cause::path:
      return "path";
    case Cause::order:
      return "order";
    case Cause::identifier:
      return "identifier";
    case Cause::processors:
      return "processors";
    case Cause::host:
      return "host";
    case Cause::user:
      return "user";
    case Cause::compressor:
      return "compressor";
    case Cause::tool:
      return "tool";
  }
  return "unknown";
}

void append(std::string& out, const Finding& one, std::size_t depth) {
  out += cat(std::string(2 * depth, ' '), one.where);
  if (!one.what.empty())
    out += cat(": ", one.what);
  if (one.cause != Cause::unknown)
    out += cat(" [", name(one.cause), one.because.empty() ? "" : ": ", one.because, "]");
  else if (!one.because.empty())
    out += cat(" (", one.because, ")");
  out += '\n';
  for (const auto& inner : one.inside)
    append(out, inner, depth + 1);
}

}  // namespace

Json Finding::to_json() const {
  Json out{{"where", where}, {"what", what}};
  if (cause != Cause::unknown)
    out["cause"] = name(cause);
  if (!because.empty())
    out["because"] = because;
  if (!inside.empty()) {
    out["inside"] = Json::array();
    for (const auto& one : inside)
      out["inside"].push_back(one.to_json());
  }
  return out;
}

Json DifferenceReport::to_json() const {
  Json list = Json::array();
  for (const auto& one : findings)
    list.push_back(one.to_json());
  return {{"first", first.str()},
          {"second", second.str()},
          {"equal", equal()},
          {"compressionAlone", compression_alone},
          {"cause", name(cause)},
          {"because", because},
          {"findings", std::move(list)},
          {"notes", notes}};
}

std::string DifferenceReport::text() const {
  std::string out;
  for (const auto& one : findings)
    append(out, one, 0);
  for (const auto& note : notes)
    out += cat("note: ", note, "\n");
  if (compression_alone)
    out += "the content is the same: compression alone differs\n";
  if (cause != Cause::unknown)
    out += cat("most likely cause: ", name(cause), " (", because, ")\n");
  else if (!equal())
    out += "most likely cause: not known by how the bytes differ\n";
  return out;
}

}  // namespace cullet::image
