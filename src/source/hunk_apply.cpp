// SPDX-License-Identifier: Apache-2.0
#include "hunk_apply.hpp"

#include <algorithm>
#include <utility>

namespace cullet::source {
namespace {

// Beyond this many comparisons a miss is described at the expected line, not at the best one.
constexpr std::size_t kMaxComparisons = 20'000'000;

struct Line {
  std::string_view text;
  bool patched = false;
};

std::vector<Line> to_lines(std::string_view content) {
  std::vector<Line> lines;
  while (!content.empty()) {
    const auto end = content.find('\n');
    const auto length = end == content.npos ? content.size() : end + 1;
    lines.push_back({content.substr(0, length)});
    content.remove_prefix(length);
  }
  return lines;
}

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n'))
    line.remove_suffix(1);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

/// One hunk against the file as the hunks before left it.
class Fitting {
 public:
  Fitting(const std::vector<Line>& image, const Hunk& hunk) : image_(image), hunk_(hunk) {
    std::size_t trailing = 0;
    for (const auto& line : hunk.lines) {
      if (line.kind != '+')
        before_.push_back(line.text);
      if (line.kind != '-')
        after_.push_back(line.text);
      trailing = line.kind == ' ' ? trailing + 1 : 0;
    }
    at_start_ = hunk.old_start <= 1;
    at_end_ = trailing == 0;
    const auto line = hunk.new_start > 0 ? static_cast<std::size_t>(hunk.new_start) - 1 : 0;
    expected_ = std::min(line, image.size());
  }

  [[nodiscard]] std::optional<std::size_t> place() const { return place_of(before_); }
  [[nodiscard]] bool there_already() const { return before_ != after_ && place_of(after_); }
  [[nodiscard]] std::size_t length() const noexcept { return before_.size(); }
  [[nodiscard]] const std::vector<std::string_view>& after() const noexcept { return after_; }

  /// Where it differs, at the place where most lines from its start fit.
  [[nodiscard]] HunkMiss miss() const {
    std::size_t best = at_start_ ? 0 : expected_, fits = count_fitting(best);
    if (!at_start_ && image_.size() * before_.size() <= kMaxComparisons) {
      for (std::size_t start = 0; start < image_.size(); ++start) {
        const auto count = count_fitting(start);
        const bool nearer = distance(start) < distance(best);
        if (count > fits || (count == fits && nearer)) {
          best = start;
          fits = count;
        }
      }
    }
    HunkMiss miss;
    miss.patch_line = hunk_.at;
    const auto at = std::min(first_difference(best), before_.size());
    miss.line = best + at + 1;
    miss.wanted = at < before_.size() ? std::string(before_[at]) : "";
    if (best + at < image_.size())
      miss.found = std::string(image_[best + at].text);
    miss.line_ends_differ = at < before_.size() && miss.found && miss.wanted != *miss.found &&
                            without_end(miss.wanted) == without_end(*miss.found);
    miss.there_already = there_already();
    return miss;
  }

 private:
  [[nodiscard]] std::size_t distance(std::size_t start) const {
    return start > expected_ ? start - expected_ : expected_ - start;
  }

  [[nodiscard]] bool fits(std::size_t start, const std::vector<std::string_view>& lines) const {
    if (start + lines.size() > image_.size())
      return false;
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (image_[start + i].patched || image_[start + i].text != lines[i])
        return false;
    return true;
  }

  [[nodiscard]] std::optional<std::size_t> place_of(
      const std::vector<std::string_view>& lines) const {
    if (lines.size() > image_.size())
      return std::nullopt;
    const auto last = image_.size() - lines.size();
    const auto only = [&](std::size_t start) {
      return fits(start, lines) ? std::optional(start) : std::nullopt;
    };
    if (at_start_ && at_end_ && last != 0)
      return std::nullopt;
    if (at_start_)
      return only(0);
    if (at_end_)
      return only(last);
    const auto middle = std::min(expected_, last);
    for (std::size_t away = 0; away <= std::max(middle, last - middle); ++away) {
      if (away <= middle && fits(middle - away, lines))
        return middle - away;
      if (away > 0 && middle + away <= last && fits(middle + away, lines))
        return middle + away;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t first_difference(std::size_t start) const {
    std::size_t i = 0;
    while (i < before_.size() && start + i < image_.size() && image_[start + i].text == before_[i])
      ++i;
    return i;
  }

  [[nodiscard]] std::size_t count_fitting(std::size_t start) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < before_.size() && start + i < image_.size(); ++i)
      count += image_[start + i].text == before_[i] ? 1 : 0;
    return count;
  }

  const std::vector<Line>& image_;
  const Hunk& hunk_;
  std::vector<std::string_view> before_, after_;
  bool at_start_ = false, at_end_ = false;
  std::size_t expected_ = 0;
};

/// Puts what the hunk makes in place of what it needs. All of it counts as patched, context too, as
/// in git: hunks don't overlap.
void replace(std::vector<Line>& image, std::size_t start, const Hunk& hunk, std::size_t length) {
  std::vector<Line> fresh;
  for (const auto& line : hunk.lines)
    if (line.kind != '-')
      fresh.push_back({line.text, true});
  const auto at = image.begin() + static_cast<std::ptrdiff_t>(start);
  const auto end = image.erase(at, at + static_cast<std::ptrdiff_t>(length));
  image.insert(end, fresh.begin(), fresh.end());
}

}  // namespace

HunkResult apply_hunks(std::string_view content,
                       const std::vector<Hunk>& hunks,
                       const Cancel& cancel) {
  auto image = to_lines(content);
  for (std::size_t i = 0; i < hunks.size(); ++i) {
    cancel.check();
    const Fitting fitting(image, hunks[i]);
    const auto place = fitting.place();
    if (!place) {
      auto miss = fitting.miss();
      miss.hunk = i + 1;
      return {{}, std::move(miss)};
    }
    replace(image, *place, hunks[i], fitting.length());
  }
  std::string result;
  for (const auto& line : image)
    result.append(line.text);
  return {std::move(result), std::nullopt};
}

std::vector<Hunk> reversed(std::vector<Hunk> hunks) {
  for (auto& hunk : hunks) {
    std::swap(hunk.old_start, hunk.new_start);
    std::swap(hunk.old_count, hunk.new_count);
    for (auto& line : hunk.lines)
      if (line.kind != ' ')
        line.kind = line.kind == '-' ? '+' : '-';
  }
  return hunks;
}

}  // namespace cullet::source
