// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/error.hpp"

#include <cerrno>
#include <cstring>

#include "cullet/base/text.hpp"

namespace cullet {

namespace {

std::string hint_for(int error_number) {
  switch (error_number) {
    case ENOSPC:
      return "free some disk space, for example with `cullet store gc`, then run it again";
    case EDQUOT:
      return "the disk quota is used up: free some space, for example with `cullet store gc`";
    case EMFILE:
      return "raise the limit on open files (`ulimit -n`)";
    case EACCES:
      return "check who owns the file and its directories, and their permissions";
    default:
      return {};
  }
}

}  // namespace

int exit_status(Kind kind) noexcept {
  switch (kind) {
    case Kind::input:
      return 1;
    case Kind::usage:
      return 2;
    case Kind::refused:
      return 3;
    case Kind::machine:
      return 4;
    case Kind::step:
      return 5;
    case Kind::interrupted:
      return 130;
    case Kind::internal:
      break;
  }
  return 70;
}

Error& Error::hint(std::string text) & {
  hints_.push_back(std::move(text));
  return *this;
}
Error&& Error::hint(std::string text) && {
  return std::move(this->hint(std::move(text)));
}

Error& Error::detail(std::string text) & {
  details_.push_back(std::move(text));
  return *this;
}
Error&& Error::detail(std::string text) && {
  return std::move(this->detail(std::move(text)));
}

void Error::add_context(std::string text) {
  contexts_.push_back(std::move(text));
}

std::string Error::render() const {
  std::string out = "error: " + printable(message_) + "\n";
  // A detail may be a program's own output, hence several lines. Each is indented, so that none
  // can pass for one of ours; everything else is one line whatever it holds.
  for (const auto& detail : details_)
    for (const auto& line : split(trim(detail), '\n'))
      out += "  " + printable(line) + "\n";
  for (const auto& context : contexts_)
    out += "  while " + printable(context) + "\n";
  for (const auto& hint : hints_)
    out += "hint: " + printable(hint) + "\n";
  return out;
}

Error system_error(std::string_view what, int error_number, Kind kind) {
  // strerror(3) would follow the locale and share a buffer between threads.
  const char* text = strerrordesc_np(error_number);
  Error error(kind, text != nullptr ? cat(what, ": ", text) : cat(what, ": errno ", error_number));
  if (auto hint = hint_for(error_number); !hint.empty())
    error.hint(std::move(hint));
  return error;
}

}  // namespace cullet
