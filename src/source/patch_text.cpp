// SPDX-License-Identifier: Apache-2.0
#include "patch_text.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "patch_path.hpp"

namespace cullet::source {
namespace {

constexpr std::uint64_t kMaxLine = std::uint64_t{1} << 40U;
constexpr std::size_t kMaxBinary = std::size_t{16} << 20U;
constexpr std::uint64_t kMaxInflated = std::uint64_t{256} << 20U;

/// Takes `prefix` off; nullopt when `text` doesn't start with it.
std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? std::optional(text.substr(prefix.size())) : std::nullopt;
}

class Parser {
 public:
  Parser(std::string_view text, int strip, std::string_view name)
      : text_(text), strip_(strip), name_(name) {
    advance();
  }

  std::vector<FilePatch> parse() {
    while (!done_) {
      if (line_.starts_with("diff --git ")) {
        git_section();
      } else if (at_plain_header()) {
        plain_section();
      } else {
        refuse_other_formats();
        advance();
      }
    }
    if (patches_.empty())
      throw Error(Kind::input,
                  cat("patch ", name_, trim(text_).empty() ? " is empty" : " holds no diff"))
          .hint("make it with `git diff` or `diff -ruN`, or take it out of the fork's patches");
    return std::move(patches_);
  }

 private:
  // --- lines ---

  /// Moves to the next line. `line_` is without its line end, a carriage return included: headers
  /// don't care; hunks read `raw_`.
  void advance() {
    done_ = next_ >= text_.size();
    raw_ = {};
    if (!done_) {
      const auto end = text_.find('\n', next_);
      const auto length = end == text_.npos ? text_.size() - next_ : end + 1 - next_;
      raw_ = text_.substr(next_, length);
      next_ += length;
      ++number_;
    }
    line_ = raw_;
    if (line_.ends_with('\n'))
      line_.remove_suffix(1);
    if (line_.ends_with('\r'))
      line_.remove_suffix(1);
  }

  [[nodiscard]] std::string_view peek(std::size_t lines) const {
    auto start = next_;
    for (std::size_t i = 1; i < lines && start < text_.size(); ++i) {
      const auto end = text_.find('\n', start);
      start = end == text_.npos ? text_.size() : end + 1;
    }
    return text_.substr(std::min(start, text_.size()), 64);
  }

  [[nodiscard]] Error bad(std::string_view why) const { return bad_at(number_, why); }
  [[nodiscard]] Error bad_at(std::size_t line, std::string_view why) const {
    return Error(Kind::input, cat("patch ", name_, ", line ", line, ": ", why));
  }

  // --- headers ---

  [[nodiscard]] bool at_plain_header() const {
    return line_.starts_with("--- ") && peek(1).starts_with("+++ ") && peek(2).starts_with("@@ -");
  }

  void refuse_other_formats() const {
    if (line_.starts_with("Binary files ") && line_.ends_with(" differ"))
      throw bad("a binary file without its content")
          .hint("make the patch with `git diff --binary`");
    if (line_.starts_with("*** ") && peek(1).starts_with("--- ") && peek(2).starts_with("*****"))
      throw bad("a context diff, which is not supported").hint("make the patch with `diff -u`");
  }

  [[nodiscard]] std::string stripped(std::string_view name, int strip) const {
    if (auto path = strip_path(name, strip))
      return std::move(*path);
    const bool outside = name.starts_with('/') || strip_path(name, 0) == std::nullopt;
    if (outside)
      throw bad(cat("the path '", printable(name), "' is refused"))
          .hint("a patch can't reach outside of the source tree, nor into .git");
    throw bad(cat("the path '",
                  printable(name),
                  "' has no ",
                  strip,
                  " leading director",
                  strip == 1 ? "y" : "ies",
                  " to strip"))
        .hint("set `strip: 0` for paths that start at the root of the tree");
  }

  [[nodiscard]] HeaderName header_name(std::string_view text) const {
    auto name = parse_header_name(text);
    if (!name || name->name.empty())
      throw bad("a file's name is malformed");
    return std::move(*name);
  }

  [[nodiscard]] std::uint32_t mode(std::string_view text) const {
    if (text == "100644" || text == "100664" || text == "100600")
      return 0100644;
    if (text == "100755" || text == "100775" || text == "100700")
      return 0100755;
    if (text == "120000")
      return 0120000;
    if (text == "160000")
      throw bad("it changes a submodule")
          .hint("pin a commit of the fork that has the change instead");
    throw bad(cat("the file mode '", printable(text), "' is unknown"));
  }

  // --- sections ---

  void plain_section() {
    FilePatch patch;
    patch.at = number_;
    const auto before = header_name(line_.substr(4));
    advance();
    const auto behind = header_name(line_.substr(4));
    advance();
    if (before.absent() && behind.absent())
      throw bad_at(patch.at, "it names no file");
    patch.old_path = before.absent() ? "" : stripped(before.name, strip_);
    patch.new_path = behind.absent() ? "" : stripped(behind.name, strip_);
    hunks(patch);
    const auto& first = patch.hunks.front();
    const bool from_nothing =
        patch.hunks.size() == 1 && first.old_count == 0 && first.old_start == 0;
    const bool to_nothing = patch.hunks.size() == 1 && first.new_count == 0 && first.new_start == 0;
    if (before.absent()) {
      patch.action = FilePatch::Action::create;
      patch.old_path = patch.new_path;
    } else if (behind.absent() || (to_nothing && behind.epoch)) {
      patch.action = FilePatch::Action::remove;
      patch.new_path = patch.old_path;
    } else {
      patch.may_create = from_nothing;
      // "x.orig" and "x": the file is the one with the shorter name, or the one that is there
      if (patch.old_path != patch.new_path) {
        if (patch.old_path.size() < patch.new_path.size())
          std::swap(patch.old_path, patch.new_path);
        patch.other_path = std::exchange(patch.old_path, patch.new_path);
      }
    }
    patches_.push_back(std::move(patch));
  }

  void git_section() {
    FilePatch patch;
    patch.at = number_;
    const auto names = line_.substr(11);
    advance();
    bool says_something = false;
    while (!done_ && extended_header(patch, says_something))
      advance();
    if (line_.starts_with("--- ") && peek(1).starts_with("+++ ")) {
      const auto before = header_name(line_.substr(4));
      advance();
      const auto behind = header_name(line_.substr(4));
      if (patch.action == FilePatch::Action::modify || patch.action == FilePatch::Action::create ||
          patch.action == FilePatch::Action::remove) {
        const auto& name = behind.absent() ? before.name : behind.name;
        patch.old_path = patch.new_path = stripped(name, strip_);
        if (before.absent())
          patch.action = FilePatch::Action::create;
        if (behind.absent())
          patch.action = FilePatch::Action::remove;
      }
      advance();
      // libgit2 writes these two lines for an empty file and for a mode, too.
      if (line_.starts_with("@@ -") || !says_something)
        hunks(patch);
    } else if (line_ == "GIT binary patch") {
      binary(patch);
    } else if (line_.starts_with("Binary files ")) {
      refuse_other_formats();
    } else if (!says_something) {
      throw bad_at(patch.at, "it says nothing of what changes");
    }
    if (patch.new_path.empty()) {
      const auto path = parse_git_names(names, strip_);
      if (!path)
        throw bad_at(patch.at, cat("the paths in '", printable(names), "' are refused"))
            .hint(
                "a patch can't reach outside of the source tree, nor into .git; `strip` may be "
                "wrong");
      patch.old_path = patch.new_path = *path;
    }
    patches_.push_back(std::move(patch));
  }

  /// False at the first line that is none. `says_something`: it changes a file by itself.
  bool extended_header(FilePatch& patch, bool& says_something) {
    const auto path = [&](std::string_view text) {
      auto name = unquote(text);
      if (!name)
        throw bad("a file's name is malformed");
      // git writes these without "a/" and "b/"
      return stripped(*name, std::max(0, strip_ - 1));
    };
    const auto set = [&](FilePatch::Action action) {
      patch.action = action;
      says_something = true;
    };
    if (const auto old_mode = after(line_, "old mode ")) {
      patch.old_mode = mode(*old_mode);
    } else if (const auto new_mode = after(line_, "new mode ")) {
      patch.new_mode = mode(*new_mode);
      says_something = true;
    } else if (const auto made = after(line_, "new file mode ")) {
      patch.new_mode = mode(*made);
      set(FilePatch::Action::create);
    } else if (const auto gone = after(line_, "deleted file mode ")) {
      patch.old_mode = mode(*gone);
      set(FilePatch::Action::remove);
    } else if (const auto from = after(line_, "rename from ")) {
      patch.old_path = path(*from);
    } else if (const auto to = after(line_, "rename to ")) {
      patch.new_path = path(*to);
      set(FilePatch::Action::rename);
    } else if (const auto source = after(line_, "copy from ")) {
      patch.old_path = path(*source);
    } else if (const auto target = after(line_, "copy to ")) {
      patch.new_path = path(*target);
      set(FilePatch::Action::copy);
    } else if (const auto index = after(line_, "index ")) {
      index_header(patch, *index);
    } else {
      return line_.starts_with("similarity index ") || line_.starts_with("dissimilarity index ");
    }
    return true;
  }

  void index_header(FilePatch& patch, std::string_view text) const {
    const auto dots = text.find("..");
    if (dots == text.npos)
      throw bad("the index line is malformed");
    const auto blank = text.find(' ', dots);
    patch.old_id = text.substr(0, dots);
    patch.new_id = text.substr(dots + 2, blank == text.npos ? blank : blank - dots - 2);
    if (blank != text.npos)
      patch.old_mode = mode(text.substr(blank + 1));
  }

  // --- content ---

  std::uint64_t number(std::string_view& text) const {
    const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto value = parse_number(text.substr(0, end));
    if (!value || *value > kMaxLine)
      throw bad("a hunk's header is malformed");
    text.remove_prefix(end);
    return *value;
  }

  /// "-a,b" or "-a"; the count is 1 when it is left out.
  void range(std::string_view& text,
             std::string_view start,
             std::uint64_t& first,
             std::uint64_t& count) const {
    if (!text.starts_with(start))
      throw bad("a hunk's header is malformed");
    text.remove_prefix(start.size());
    first = number(text);
    count = 1;
    if (text.starts_with(',')) {
      text.remove_prefix(1);
      count = number(text);
    }
  }

  void hunks(FilePatch& patch) {
    while (!done_ && line_.starts_with("@@ -"))
      hunk(patch);
    if (patch.hunks.empty())
      throw bad("a hunk is missing here");
    const bool more = !done_ && !line_.empty() && line_ != "-- " && !line_.starts_with("--- ") &&
                      !line_.starts_with("--\t") && line_ != "--" &&
                      (line_[0] == '+' || line_[0] == '-' || line_[0] == ' ');
    if (more)
      throw bad("the hunk before has more lines than its header says")
          .hint("it was changed by hand; `recountdiff` or `git apply --recount` can mend it");
  }

  void hunk(FilePatch& patch) {
    Hunk hunk;
    hunk.at = number_;
    auto header = line_.substr(3);
    range(header, "-", hunk.old_start, hunk.old_count);
    range(header, " +", hunk.new_start, hunk.new_count);
    if (!header.starts_with(" @@"))
      throw bad("a hunk's header is malformed");
    advance();
    auto old_left = hunk.old_count, new_left = hunk.new_count;
    while (old_left > 0 || new_left > 0) {
      const char kind = done_ || raw_.empty() ? '@' : raw_[0];
      const bool blank = line_.empty() && !done_;  // a context line that lost its only blank
      const bool takes_old = blank || kind == ' ' || kind == '-';
      const bool takes_new = blank || kind == ' ' || kind == '+';
      if ((!takes_old && !takes_new) || (takes_old && old_left == 0) ||
          (takes_new && new_left == 0))
        throw bad_at(hunk.at, "the hunk does not have the lines that its header says")
            .detail(done_ ? "the patch ends in it" : cat("it ends at line ", number_))
            .hint("it was cut or changed by hand; `git apply --recount` can mend it");
      old_left -= takes_old ? 1 : 0;
      new_left -= takes_new ? 1 : 0;
      hunk.lines.push_back({blank ? ' ' : kind, std::string(blank ? raw_ : raw_.substr(1))});
      advance();
      if (!done_ && line_.starts_with("\\ ")) {  // "\ No newline at end of file", in any language
        if (hunk.lines.back().text.ends_with('\n'))
          hunk.lines.back().text.pop_back();
        advance();
      }
    }
    if (hunk.lines.empty())
      throw bad_at(hunk.at, "the hunk is empty");
    patch.hunks.push_back(std::move(hunk));
  }

  /// Keeps the text: two blocks, each "literal N" or "delta N" and lines up to an empty one.
  void binary(FilePatch& patch) {
    const auto start = number_;
    patch.binary = "GIT binary patch\n";
    advance();
    for (int block = 0; block < 2; ++block) {
      const auto size =
          after(line_, "literal ") ? after(line_, "literal ") : after(line_, "delta ");
      if (!size && block == 1)
        throw bad_at(start, "the binary patch can't be reversed, and so not be checked")
            .hint("make it with `git diff --binary`");
      const auto bytes = size ? parse_number(*size) : std::nullopt;
      if (!bytes || *bytes > kMaxInflated)
        throw bad("a binary patch is malformed or larger than 256 MiB");
      while (!done_ && !line_.empty()) {
        patch.binary.append(line_).append("\n");
        if (patch.binary.size() > kMaxBinary)
          throw bad_at(start, "a binary patch of more than 16 MiB");
        advance();
      }
      patch.binary += '\n';
      if (!done_)
        advance();
    }
  }

  std::string_view text_;
  int strip_;
  std::string_view name_;
  std::size_t next_ = 0, number_ = 0;
  std::string_view raw_, line_;
  bool done_ = false;
  std::vector<FilePatch> patches_;
};

}  // namespace

std::vector<FilePatch> parse_patch(std::string_view text, int strip, std::string_view name) {
  return Parser(text, strip, name).parse();
}

}  // namespace cullet::source
