// SPDX-License-Identifier: Apache-2.0
#include "likely_cause.hpp"

#include <algorithm>
#include <optional>
#include <regex>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::image {

namespace {

/// How far around a difference its surroundings are looked at.
constexpr std::size_t kAround = 96;
/// Points in time that builds write down, as numbers: September 2001 to January 2038.
constexpr std::uint64_t kEarliest = 1'000'000'000, kLatest = 2'147'483'647;
/// Further apart than two builds that are compared; a clock of `build --check` is a year ahead.
constexpr std::uint64_t kTwoYears = 2 * std::uint64_t{31'622'400};

/// A text around the place where it differs from another.
struct Spot {
  std::string text;
  std::size_t at = 0;  ///< the place, in `text`
};

Spot spot_of(std::string_view whole, std::size_t at) {
  const auto from = at > kAround ? at - kAround : 0;
  return {std::string(whole.substr(from, at - from + kAround)), at - from};
}

/// What of the text matches a pattern over the place where it differs.
std::optional<std::string> match_at(const Spot& spot, const std::regex& pattern) {
  for (std::sregex_iterator each(spot.text.begin(), spot.text.end(), pattern), end; each != end;
       ++each) {
    const auto from = static_cast<std::size_t>(each->position());
    if (from <= spot.at && spot.at <= from + static_cast<std::size_t>(each->length()))
      return each->str();
  }
  return std::nullopt;
}

struct Pattern {
  Cause cause;
  std::string_view looks_like;
  std::regex pattern;
};

/// The first that holds of both texts counts, so that what is told more surely stands first.
const std::vector<Pattern>& patterns() {
  using std::regex;
  constexpr auto kFlags = regex::ECMAScript | regex::optimize;
  static const std::string kMonth = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*";
  static const std::vector<Pattern> kPatterns = {
      {Cause::identifier,
       "UUIDs",
       regex("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", kFlags)},
      {Cause::time, "dates", regex("(19|20)[0-9]{2}([-/.])[01][0-9]\\2[0-3][0-9]", kFlags)},
      {Cause::time, "dates", regex(kMonth + "[ ,-]+[0-9]{1,2}([ ,-]+[0-9:]{4,8})*", kFlags)},
      {Cause::time, "dates", regex("[0-9]{1,2}[ -]" + kMonth + "[ -]+[0-9]{4}", kFlags)},
      {Cause::time, "times of day", regex("\\b[0-2]?[0-9]:[0-5][0-9](:[0-5][0-9])?\\b", kFlags)},
      {Cause::identifier,
       "names of temporary files",
       regex("/(var/)?tmp/[A-Za-z0-9._-]*[A-Za-z0-9]{6,}", kFlags)},
      {Cause::path, "absolute paths", regex("/[A-Za-z0-9._+@-]+(/[A-Za-z0-9._+@-]+)+", kFlags)},
      {Cause::identifier, "random identifiers", regex("\\b[0-9a-fA-F]{16,}\\b", kFlags)},
      {Cause::time, "years", regex("\\b(19|20)[0-9]{2}\\b", kFlags)},
      {Cause::user, "USER@HOST", regex("[a-z_][a-z0-9_-]*@[A-Za-z0-9][A-Za-z0-9.-]*", kFlags)},
      {Cause::tool,
       "version numbers",
       regex("\\b[0-9]+\\.[0-9]+(\\.[0-9]+)*[a-z0-9+~.-]*", kFlags)},
  };
  return kPatterns;
}

std::optional<std::string> number_at(const Spot& spot) {
  static const std::regex kNumber("[0-9]+");
  return match_at(spot, kNumber);
}

/// Words that stand before a value and say what it is.
struct Hint {
  Cause cause;
  std::vector<std::string_view> words;
};
const std::vector<Hint>& hints() {
  static const std::vector<Hint> kHints = {
      {Cause::processors,
       {"-j", "jobs", "nproc", "cpu", "processor", "cores", "thread", "parallel"}},
      {Cause::host, {"host", "uname", "nodename", "kernel", "machine", "built on"}},
      {Cause::user, {"user", "built by", "compiled by", "login", "umask"}},
  };
  return kHints;
}

Guess from_hints(const Spot& a, const Spot& b) {
  auto before = lower_case(std::string_view(a.text).substr(0, a.at));
  // What is said of the value is said on its own line.
  before.erase(0, before.find_last_of('\n') == before.npos ? 0 : before.find_last_of('\n'));
  const auto first = number_at(a), second = number_at(b);
  for (const auto& hint : hints())
    for (const auto word : hint.words) {
      if (before.rfind(word) == before.npos)
        continue;
      if (hint.cause == Cause::processors && !(first && second))
        continue;
      return {hint.cause,
              first && second ? cat("'", word, "' stands before ", *first, " and ", *second)
                              : cat("'", word, "' stands before it")};
    }
  return {};
}

bool has_one_of(std::string_view text, const std::string& mine, const std::string& other) {
  return !mine.empty() && mine != other && text.find(mine) != text.npos;
}

/// What is known of the machines settles it.
Guess from_machines(const Spot& a, const Spot& b, const DifferenceOptions& known) {
  const auto& first = known.first;
  const auto& second = known.second;
  if (has_one_of(a.text, first.host, second.host) && has_one_of(b.text, second.host, first.host))
    return {Cause::host, cat("the hosts were ", first.host, " and ", second.host)};
  for (std::size_t i = 0; i < std::min(first.paths.size(), second.paths.size()); ++i)
    if (has_one_of(a.text, first.paths[i], second.paths[i]) &&
        has_one_of(b.text, second.paths[i], first.paths[i]))
      return {Cause::path, cat("the builds were in ", first.paths[i], " and ", second.paths[i])};
  if (has_one_of(a.text, first.user, second.user) && has_one_of(b.text, second.user, first.user))
    return {Cause::user, cat("the users were ", first.user, " and ", second.user)};
  if (first.processors != second.processors && first.processors * second.processors != 0 &&
      number_at(a) == std::to_string(first.processors) &&
      number_at(b) == std::to_string(second.processors))
    return {Cause::processors,
            cat("there were ", first.processors, " and ", second.processors, " processors")};
  return {};
}

std::optional<std::uint64_t> epoch_at(const Spot& spot) {
  const auto text = number_at(spot);
  if (!text || (text->size() != 10 && text->size() != 13))
    return std::nullopt;
  const auto value = parse_number(*text).value_or(0) / (text->size() == 13 ? 1000 : 1);
  return value >= kEarliest && value <= kLatest ? std::optional(value) : std::nullopt;
}

Guess from_spots(const Spot& a, const Spot& b, const DifferenceOptions& known) {
  if (auto guess = from_machines(a, b, known); guess.cause != Cause::unknown)
    return guess;
  const auto first = epoch_at(a), second = epoch_at(b);
  if (first && second && *first != *second)
    return {Cause::time,
            cat("seconds since the epoch: ",
                rfc3339(static_cast<std::int64_t>(*first)),
                " and ",
                rfc3339(static_cast<std::int64_t>(*second)))};
  for (const auto& pattern : patterns()) {
    const auto one = match_at(a, pattern.pattern), other = match_at(b, pattern.pattern);
    if (one && other && *one != *other)
      return {pattern.cause, cat("they look like ", pattern.looks_like, ": ", *one, ", ", *other)};
  }
  return from_hints(a, b);
}

bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f;
}

/// The printable run over a place of some bytes.
Spot string_at(std::string_view bytes, std::size_t at) {
  auto from = at, to = at;
  while (from > 0 && at - from < kAround && is_text(bytes[from - 1]))
    --from;
  while (to < bytes.size() && to - at < kAround && is_text(bytes[to]))
    ++to;
  return {std::string(bytes.substr(from, to - from)), at - from};
}

std::uint64_t word_at(std::string_view bytes, std::size_t at, bool big) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << 8 * (big ? 3 - i : i);
  return value;
}

/// Four bytes that are a point in time in both.
Guess from_words(std::string_view a, std::string_view b, std::size_t at) {
  for (std::size_t back = 0; back < 4 && back <= at; ++back)
    for (const bool big : {false, true}) {
      const auto from = at - back;
      if (std::min(a.size(), b.size()) < from + 4)
        continue;
      const auto first = word_at(a, from, big), second = word_at(b, from, big);
      const auto apart = first > second ? first - second : second - first;
      if (std::min(first, second) >= kEarliest && std::max(first, second) <= kLatest &&
          apart < kTwoYears)
        return {Cause::time,
                cat("four bytes that as seconds are ",
                    rfc3339(static_cast<std::int64_t>(first)),
                    " and ",
                    rfc3339(static_cast<std::int64_t>(second)))};
    }
  return {};
}

}  // namespace

std::size_t first_difference(std::string_view first, std::string_view second) {
  const auto size = std::min(first.size(), second.size());
  return static_cast<std::size_t>(std::mismatch(first.begin(),
                                                first.begin() + static_cast<std::ptrdiff_t>(size),
                                                second.begin())
                                      .first -
                                  first.begin());
}

bool same_in_other_order(std::vector<std::string_view> first,
                         std::vector<std::string_view> second) {
  if (first.size() != second.size() || first.size() < 2 || first == second)
    return false;
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  return first == second;
}

Guess guess_from_text(std::string_view first,
                      std::string_view second,
                      const DifferenceOptions& known) {
  const auto at = first_difference(first, second);
  return from_spots(spot_of(first, at), spot_of(second, at), known);
}

Guess guess_from_bytes(std::string_view first,
                       std::string_view second,
                       const DifferenceOptions& known) {
  constexpr std::size_t kShortest = 4, kMostPlaces = 8;
  std::size_t from = 0;
  for (std::size_t place = 0; place < kMostPlaces; ++place) {
    const auto a = first.substr(std::min(from, first.size()));
    const auto b = second.substr(std::min(from, second.size()));
    const auto at = first_difference(a, b);
    if (at >= std::min(a.size(), b.size()))
      break;
    const auto one = string_at(first, from + at), other = string_at(second, from + at);
    if (one.text.size() >= kShortest && other.text.size() >= kShortest)
      if (auto guess = from_spots(one, other, known); guess.cause != Cause::unknown)
        return guess;
    if (auto guess = from_words(first, second, from + at); guess.cause != Cause::unknown)
      return guess;
    // After one of another length nothing stands where it stood.
    if (first.size() != second.size())
      break;
    from += at + std::max<std::size_t>(one.text.size(), 4);
  }
  return {};
}

}  // namespace cullet::image
