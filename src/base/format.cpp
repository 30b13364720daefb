// SPDX-License-Identifier: Apache-2.0
// How sizes and times read. Integer arithmetic only: printf's "%.1f" follows the locale.
#include <array>
#include <chrono>
#include <cmath>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet {

namespace {

std::string padded(std::uint64_t value, std::size_t width) {
  auto text = std::to_string(value);
  if (text.size() < width)
    text.insert(0, width - text.size(), '0');
  return text;
}

/// The number at `text[at, at + width)`, which must be all digits.
std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t width) {
  const auto value = parse_number(text.substr(at, width));
  return value ? std::optional(static_cast<unsigned>(*value)) : std::nullopt;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-')
    return std::nullopt;
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  if (!year || !month || !day)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok())
    return std::nullopt;
  return std::chrono::seconds(std::chrono::sys_days(date).time_since_epoch()).count();
}

std::optional<std::int64_t> parse_clock(std::string_view text) {
  if (text.size() != 10 || text[0] != 'T' || text[3] != ':' || text[6] != ':' || text[9] != 'Z')
    return std::nullopt;
  const auto hours = digits(text, 1, 2);
  const auto minutes = digits(text, 4, 2);
  const auto seconds = digits(text, 7, 2);
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 59)
    return std::nullopt;
  return (std::int64_t{*hours} * 60 + *minutes) * 60 + *seconds;
}

}  // namespace

std::string octal(std::uint32_t mode) {
  std::string out(4, '0');
  for (std::size_t digit = 4; digit-- > 0; mode >>= 3U)
    out[digit] = static_cast<char>('0' + mode % 8);
  return out;
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1024)
    return std::to_string(bytes) + " B";
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  for (std::size_t i = 0;; ++i) {
    const std::uint64_t unit = std::uint64_t{1} << (10 * (i + 1));
    auto whole = bytes / unit;
    auto tenths = (bytes % unit * 10 + unit / 2) / unit;
    if (tenths == 10) {
      ++whole;
      tenths = 0;
    }
    if (whole < 1024 || i + 1 == kUnits.size())
      return cat(whole, ".", tenths, " ", kUnits.at(i));
  }
}

std::string human_seconds(double seconds) {
  if (!(seconds > 0))  // NaN too
    return "0.0 s";
  constexpr double kLongest = 1e15;  // what a double still counts in tenths
  const auto tenths = static_cast<std::uint64_t>(std::llround(std::fmin(seconds, kLongest) * 10));
  if (tenths < 100)
    return cat(tenths / 10, ".", tenths % 10, " s");
  const auto whole = (tenths + 5) / 10;
  if (whole < 60)
    return cat(whole, " s");
  if (whole < 3600)
    return cat(whole / 60, " min ", padded(whole % 60, 2), " s");
  return cat(whole / 3600, " h ", padded(whole % 3600 / 60, 2), " min");
}

std::string rfc3339(std::int64_t seconds) {
  using std::chrono::sys_days;
  using std::chrono::year;
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  if (time < sys_days(year(0) / 1 / 1) || time >= sys_days(year(10000) / 1 / 1))
    throw Error(Kind::input, cat("time ", seconds, " is not within the years 0 to 9999"));
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(time - midnight);
  return cat(padded(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4),
             "-",
             padded(static_cast<unsigned>(date.month()), 2),
             "-",
             padded(static_cast<unsigned>(date.day()), 2),
             "T",
             padded(static_cast<std::uint64_t>(clock.hours().count()), 2),
             ":",
             padded(static_cast<std::uint64_t>(clock.minutes().count()), 2),
             ":",
             padded(static_cast<std::uint64_t>(clock.seconds().count()), 2),
             "Z");
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  const auto date = parse_date(text.substr(0, 10));
  if (!date || text.size() == 10)
    return date;
  const auto clock = parse_clock(text.substr(10));
  return clock ? std::optional(*date + *clock) : std::nullopt;
}

}  // namespace cullet
