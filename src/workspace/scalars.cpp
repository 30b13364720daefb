// SPDX-License-Identifier: Apache-2.0
#include "scalars.hpp"

#include <algorithm>
#include <array>

#include "cullet/base/hex.hpp"
#include "cullet/base/text.hpp"

namespace cullet::workspace {
namespace {

constexpr std::size_t kShownBytes = 60;

std::string shown(std::string_view value) {
  if (value.size() <= kShownBytes)
    return printable(value);
  auto end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U)
    --end;
  return printable(value.substr(0, end)) + "…";
}

const std::string& scalar(const Node& node, std::string_view expected) {
  if (node.type != Node::Type::scalar)
    reject(node, expected);
  return node.scalar;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

/// NUMBER UNIT, as one number; 0 when it isn't of that form or exceeds `max`.
template <std::size_t N>
std::uint64_t quantity(std::string_view text, const std::array<Unit, N>& units, std::uint64_t max) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_number(text.substr(0, digits));
  const auto* unit = std::find_if(
      units.begin(), units.end(), [&](const Unit& u) { return u.name == text.substr(digits); });
  if (!number || unit == units.end() || *number > max / unit->factor)
    return 0;
  return *number * unit->factor;
}

}  // namespace

void reject(const Node& node, std::string_view expected) {
  switch (node.type) {
    case Node::Type::scalar:
      throw error_at(
          node.at(),
          cat(node.describe(), " must be ", expected, ", not '", shown(node.scalar), "'"));
    case Node::Type::list:
      throw error_at(node.at(), cat(node.describe(), " must be ", expected, ", not a list"));
    case Node::Type::map:
      throw error_at(node.at(), cat(node.describe(), " must be ", expected, ", not a map"));
    case Node::Type::null:
      break;
  }
  throw error_at(node.at(), cat(node.describe(), " has no value: it must be ", expected));
}

std::string read_text(const Node& node) {
  const auto& text = scalar(node, "text");
  if (text.find('\0') != std::string::npos)
    throw error_at(node.at(), cat(node.describe(), " holds a NUL character"));
  return text;
}

std::string read_prose(const Node& node) {
  auto text = read_text(node);
  if (trim(text).empty())
    throw error_at(node.at(), cat(node.describe(), " must not be empty"));
  return text;
}

std::string read_line(const Node& node) {
  auto text = read_prose(node);
  const auto control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  };
  if (trim(text).size() != text.size() || std::any_of(text.begin(), text.end(), control))
    reject(node, "one line without control characters or spaces at its ends");
  return text;
}

bool read_boolean(const Node& node) {
  const auto& text = scalar(node, "true or false");
  if (!node.plain || (text != "true" && text != "false"))
    reject(node, "true or false");
  return text == "true";
}

std::uint32_t read_number(const Node& node, std::uint32_t min, std::uint32_t max) {
  const auto expected = cat("a number from ", min, " to ", max);
  const auto number = parse_number(scalar(node, expected));
  if (!node.plain || !number || *number < min || *number > max)
    reject(node, expected);
  return static_cast<std::uint32_t>(*number);
}

std::string read_word(const Node& node, const std::vector<std::string>& words) {
  const auto expected = join(words, " or ");
  const auto& text = scalar(node, expected);
  if (std::find(words.begin(), words.end(), text) == words.end())
    reject(node, expected);
  return text;
}

std::uint32_t read_mode(const Node& node) {
  constexpr std::string_view kExpected = "octal permission bits, as \"0755\"";
  const auto& text = scalar(node, kExpected);
  const bool octal =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; });
  if (!octal || text.size() < 3 || text.size() > 5 || (text.size() == 5 && text[0] != '0'))
    reject(node, kExpected);
  std::uint32_t mode = 0;
  for (const char c : text)
    mode = mode * 8 + static_cast<std::uint32_t>(c - '0');
  return mode;
}

std::uint32_t read_duration(const Node& node) {
  constexpr std::string_view kExpected = "a time up to 168h, as 90s, 30m or 2h";
  constexpr std::array<Unit, 3> kUnits{{{"s", 1}, {"m", 60}, {"h", 3600}}};
  const auto seconds = quantity(scalar(node, kExpected), kUnits, std::uint64_t{168} * 3600);
  if (seconds == 0)
    reject(node, kExpected);
  return static_cast<std::uint32_t>(seconds);
}

std::uint64_t read_size(const Node& node) {
  constexpr std::string_view kExpected = "a size up to 1024TiB, as 512MiB or 2GiB";
  constexpr std::uint64_t kMi = std::uint64_t{1} << 20U;
  constexpr std::array<Unit, 4> kUnits{
      {{"KiB", 1024}, {"MiB", kMi}, {"GiB", kMi * 1024}, {"TiB", kMi * kMi}}};
  const auto bytes = quantity(scalar(node, kExpected), kUnits, kMi * kMi * 1024);
  if (bytes == 0)
    reject(node, kExpected);
  return bytes;
}

std::string read_hex(const Node& node, std::size_t digits, std::string_view what) {
  const auto expected = cat(what, ": ", digits, " lower-case hexadecimal digits");
  const auto& text = scalar(node, expected);
  if (!is_hex(text, digits))
    reject(node, expected);
  return text;
}

std::int64_t read_date(const Node& node) {
  constexpr std::string_view kExpected = "a date, as 2026-12-20";
  const auto& text = scalar(node, kExpected);
  const auto time = parse_time(text);
  if (text.size() != 10 || !time)
    reject(node, kExpected);
  return *time;
}

}  // namespace cullet::workspace
