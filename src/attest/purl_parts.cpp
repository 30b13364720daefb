// SPDX-License-Identifier: Apache-2.0
#include "purl_parts.hpp"

#include "cullet/base/percent.hpp"
#include "cullet/base/text.hpp"

namespace cullet::attest {

std::optional<PurlParts> PurlParts::parse(std::string_view text) {
  constexpr std::string_view kScheme = "pkg:";
  if (!text.starts_with(kScheme))
    return std::nullopt;
  text.remove_prefix(kScheme.size());
  text = text.substr(0, text.find('#'));
  PurlParts out;
  if (const auto mark = text.find('?'); mark != text.npos) {
    for (const auto& pair : split(text.substr(mark + 1), '&')) {
      const auto equals = pair.find('=');
      const auto value =
          percent_decode(equals == std::string::npos ? std::string_view()
                                                     : std::string_view(pair).substr(equals + 1));
      if (!value)
        return std::nullopt;
      out.qualifiers[pair.substr(0, equals)] = *value;
    }
    text = text.substr(0, mark);
  }
  const auto slash = text.rfind('/');
  if (slash == text.npos)
    return std::nullopt;
  out.type = text.substr(0, text.find('/'));
  const auto last = text.substr(slash + 1);
  const auto at = last.rfind('@');
  const auto name = percent_decode(last.substr(0, at));
  const auto version = percent_decode(at == last.npos ? std::string_view() : last.substr(at + 1));
  if (!name || !version || name->empty())
    return std::nullopt;
  out.name = *name;
  out.version = *version;
  return out;
}

}  // namespace cullet::attest
