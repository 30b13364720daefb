// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

namespace cullet::archive {

/// One tar entry written by hand, so that tests can say what no sane writer does.
struct RawEntry {
  std::string name;
  char type = '0';
  std::string content = {};
  std::string link = {};
  std::string size = {};  ///< the size field's own text, where it is to be wrong
  unsigned uid = 0;
};

inline std::string raw_entry(const RawEntry& entry) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t offset, std::string_view text) {
    header.replace(offset, text.size(), text);
  };
  const auto octal = [](unsigned long value, int digits) {
    char text[24];
    std::snprintf(text, sizeof text, "%0*lo", digits, value);
    return std::string(text);
  };
  put(0, entry.name.substr(0, 100));
  put(100, "0000644");
  put(108, octal(entry.uid, 7));
  put(116, "0000000");
  put(124, entry.size.empty() ? octal(entry.content.size(), 11) : entry.size);
  put(136, "00000000000");
  put(148, "        ");
  header[156] = entry.type;
  put(157, entry.link.substr(0, 100));
  put(257, std::string_view("ustar\00000", 8));
  unsigned long sum = 0;
  for (const char c : header)
    sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6) + '\0');
  auto text = header + entry.content;
  text.resize((text.size() + 511) / 512 * 512);
  return text;
}

inline std::string end_of_archive() {
  return std::string(1024, '\0');
}

/// One pax record: its length counts itself.
inline std::string pax_record(const std::string& key, const std::string& value) {
  const auto rest = key.size() + value.size() + 3;
  auto length = rest + std::to_string(rest).size();
  length = rest + std::to_string(length).size();
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

}  // namespace cullet::archive
