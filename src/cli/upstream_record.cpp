// SPDX-License-Identifier: Apache-2.0
#include "upstream_record.hpp"

#include "cullet/base/text.hpp"

#include "escaped.hpp"

namespace cullet::cli {

namespace {

std::string_view fate_name(source::Fate fate) {
  switch (fate) {
    case source::Fate::applies:
      return "applies";
    case source::Fate::merged:
      return "merged";
    case source::Fate::upstream:
      return "upstream";
    case source::Fate::conflict:
      break;
  }
  return "conflict";
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

std::string pin_of(const workspace::Fork& fork) {
  return cat(fork.name, " ", fork.version.empty() ? fork.commit.substr(0, 12) : fork.version);
}

}  // namespace

Json to_json(const Error& error) {
  Json out{{"message", printable(error.message())},
           {"details", Json::array()},
           {"hints", Json::array()}};
  for (const auto& detail : error.details())
    out["details"].push_back(printable(detail));
  for (const auto& hint : error.hints())
    out["hints"].push_back(printable(hint));
  out["status"] = exit_status(error.kind());
  return out;
}

Json to_json(const workspace::Fork& fork, const source::Carried& carried) {
  Json conflicts = Json::array();
  for (const auto& conflict : carried.conflicts)
    conflicts.push_back(
        {{"path", printable(conflict.path)}, {"why", conflict.why}, {"lines", conflict.lines}});
  return {{"patch", fork.patches.at(carried.patch).name()},
          {"fate", fate_name(carried.fate)},
          {"commit", carried.commit.empty() ? Json() : Json(carried.commit)},
          {"note", printable(carried.note)},
          {"conflicts", conflicts}};
}

std::string fate_of(const source::Carried& carried) {
  std::string text(fate_name(carried.fate));
  if (!carried.note.empty())
    text += cat(": ", carried.note);
  for (const auto& conflict : carried.conflicts)
    text += cat(&conflict == &carried.conflicts.front() ? ": " : "; ", conflict.str());
  return printable(text);
}

Json to_json(const UpstreamAnswer& answer) {
  const auto& fork = *answer.fork;
  Json out{{"upstream", fork.upstream},
           {"pin", {{"commit", fork.commit}, {"version", fork.version}}}};
  if (answer.error) {
    out["state"] = "failed";
    out["error"] = to_json(*answer.error);
    return out;
  }
  const auto& state = answer.state.value();
  out["state"] = source::name(state.standing);
  out["track"] = printable(state.followed);
  out["newest"] = {{"type", state.newest.tag ? "tag" : "branch"},
                   {"name", printable(state.newest.name)},
                   {"commit", state.newest.commit},
                   {"version", state.newest.version}};
  out["behind"] = {{"commits", or_null(state.commits)}, {"days", or_null(state.days)}};
  out["patches"] = Json::array();
  for (const auto& carried : state.patches)
    out["patches"].push_back(to_json(fork, carried));
  out["notes"] = escaped(state.notes);
  return out;
}

std::string headline(const UpstreamAnswer& answer) {
  const auto pin = pin_of(*answer.fork);
  if (answer.error)
    return printable(cat(pin, ": failed: ", answer.error->message()));
  const auto& state = answer.state.value();
  auto text = cat(pin, ": ", source::name(state.standing));
  if (state.standing == source::Standing::behind || state.standing == source::Standing::rewritten) {
    text +=
        cat(state.standing == source::Standing::behind ? " " : "; newest is ", state.newest.name);
    if (state.commits)
      text += cat(" by ", *state.commits, *state.commits == 1 ? " commit" : " commits");
    if (state.days)
      text += cat(state.commits ? ", " : " by ", *state.days, *state.days == 1 ? " day" : " days");
  } else {
    text += cat(" (newest is ", state.newest.name, ")");
  }
  return printable(text);
}

}  // namespace cullet::cli
