// SPDX-License-Identifier: Apache-2.0
#include "control_file.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::environment {
namespace {

bool is_field_name(std::string_view name) {
  return !name.empty() && name[0] != '-' && name[0] != '#' &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && lower_case(a) == lower_case(b);
}

void ControlParagraph::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void ControlParagraph::append_line(std::string_view line) {
  fields_.back().second.append("\n").append(line);
}

const std::string* ControlParagraph::find(std::string_view name) const {
  for (const auto& [field, value] : fields_)
    if (same_word(field, name))
      return &value;
  return nullptr;
}

std::string ControlParagraph::get(std::string_view name) const {
  const auto* value = find(name);
  return value == nullptr ? std::string() : *value;
}

std::vector<ControlParagraph> parse_control(std::string_view text, std::string_view name) {
  std::vector<ControlParagraph> paragraphs;
  bool open = false;
  std::size_t number = 0;
  const auto fail = [&](std::string_view message) {
    throw Error(Kind::input, cat(name, ":", number, ": ", message));
  };
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (!line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    if (line.find('\0') != std::string_view::npos)
      fail("a NUL character");
    if (!line.empty() && line[0] == '#')
      continue;
    if (trim(line).empty()) {
      open = false;
      continue;
    }
    if (line[0] == ' ' || line[0] == '\t') {
      if (!open)
        fail("a line that continues nothing");
      paragraphs.back().append_line(line.substr(1));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_field_name(line.substr(0, colon)))
      fail("not a field of a control file");
    if (!open)
      paragraphs.emplace_back();
    open = true;
    if (paragraphs.back().size() == kMaxFields)
      fail(cat("more than ", kMaxFields, " fields in one paragraph"));
    const std::string field(line.substr(0, colon));
    if (paragraphs.back().find(field) != nullptr)
      fail(cat("the field '", field, "' is given twice"));
    paragraphs.back().add(field, std::string(trim(line.substr(colon + 1))));
  }
  return paragraphs;
}

std::vector<std::string> words(std::string_view value) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::vector<std::string> result;
  for (;;) {
    const auto start = value.find_first_not_of(kSpace);
    if (start == std::string_view::npos)
      return result;
    const auto end = std::min(value.find_first_of(kSpace, start), value.size());
    result.emplace_back(value.substr(start, end - start));
    value.remove_prefix(end);
  }
}

}  // namespace cullet::environment
