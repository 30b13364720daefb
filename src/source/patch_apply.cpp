// SPDX-License-Identifier: Apache-2.0
#include "patch_apply.hpp"

#include <algorithm>
#include <set>

#include "cullet/base/text.hpp"

#include "hunk_apply.hpp"
#include "patch_binary.hpp"

namespace cullet::source {
namespace {

using Action = FilePatch::Action;

constexpr std::uint64_t kMaxChanged = std::uint64_t{1} << 30U;
constexpr std::size_t kMaxShown = 120;
constexpr std::size_t kMaxFailures = 10;

/// Why one file's part does not fit: lines for a person.
struct Misfit {
  std::vector<std::string> details;
  std::vector<std::string> hints;
};

std::string shown_line(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r'))
    line.remove_suffix(1);
  return line.size() > kMaxShown ? printable(line.substr(0, kMaxShown)) + "…" : printable(line);
}

bool is_move(const FilePatch& patch) {
  return patch.action == Action::rename || patch.action == Action::copy;
}

bool is_link(std::uint32_t mode) {
  return mode == GIT_FILEMODE_LINK;
}

/// One pass of a patch over a tree. Changes are collected beside the tree, because git's sections
/// don't depend on their order: a rename or copy starts from the file as it was before.
class Pass {
 public:
  Pass(const FileTree& tree, const PatchLabel& label, const Cancel& cancel)
      : tree_(tree), label_(label), cancel_(cancel) {}

  /// The misfits of all files, at most kMaxFailures.
  std::vector<Misfit> run(const std::vector<FilePatch>& patches) {
    for (const auto& patch : patches)
      if (patch.action == Action::remove || patch.action == Action::rename)
        leaving_.insert(patch.old_path);
    std::vector<Misfit> misfits;
    for (const auto& patch : patches) {
      cancel_.check();
      auto resolved = resolve(patch);
      if (auto misfit = apply(resolved))
        misfits.push_back(std::move(*misfit));
      if (misfits.size() == kMaxFailures)
        break;
    }
    return misfits;
  }

  void commit(FileTree& tree) const {
    for (const auto& [path, file] : changes_)
      if (!file)
        tree.remove(path);
    for (const auto& [path, file] : changes_)
      if (file)
        tree.put(path, *file);
    for (const auto& [path, file] : changes_)
      if (file)
        check_parents(tree, path);
    for (const auto& [path, file] : changes_)
      if (file && tree.is_directory(path))
        throw misplaced(path, "is a directory in the source tree");
  }

 private:
  using Change = std::optional<TreeFile>;  ///< nullopt: removed

  const TreeFile* current(const std::string& path) const {
    const auto changed = changes_.find(path);
    if (changed == changes_.end())
      return tree_.find(path);
    return changed->second ? &*changed->second : nullptr;
  }
  /// As it was before this patch; but a mailbox may rename what an earlier mail in it made.
  const TreeFile* original(const std::string& path) const {
    const auto* file = tree_.find(path);
    return file != nullptr ? file : current(path);
  }

  /// Decides what a plain diff leaves open.
  FilePatch resolve(FilePatch patch) const {
    if (!patch.other_path.empty() && current(patch.new_path) == nullptr &&
        current(patch.other_path) != nullptr)
      patch.old_path = patch.new_path = patch.other_path;
    if (patch.may_create && current(patch.new_path) == nullptr)
      patch.action = Action::create;
    return patch;
  }

  std::optional<Misfit> apply(const FilePatch& patch) {
    const bool moves = is_move(patch);
    const auto* source = moves ? original(patch.old_path) : current(patch.old_path);
    if (patch.action == Action::create) {
      if (source != nullptr && !leaving_.contains(patch.new_path))
        return Misfit{{cat(printable(patch.new_path), " is there already")}, {}};
      source = nullptr;
    } else if (source == nullptr) {
      return absent(patch);
    }
    if (patch.action == Action::rename && patch.old_path != patch.new_path &&
        current(patch.new_path) != nullptr && !leaving_.contains(patch.new_path))
      return Misfit{{cat(printable(patch.new_path),
                         ", which ",
                         printable(patch.old_path),
                         " is renamed to, is there already")},
                    {}};
    TreeFile file = source != nullptr ? *source : TreeFile{};
    if (auto misfit = change_mode(patch, source, file))
      return misfit;
    if (!patch.hunks.empty() || !patch.binary.empty()) {
      const auto before =
          source != nullptr ? FileTree::content(*source, patch.old_path) : std::string();
      if (auto misfit = change_content(patch, before, file))
        return misfit;
    } else if (patch.action == Action::create) {
      file.content = std::make_shared<const std::string>();
    }
    return patch.action == Action::remove ? remove(patch, file) : put(patch, std::move(file));
  }

  static std::optional<Misfit> change_mode(const FilePatch& patch,
                                           const TreeFile* source,
                                           TreeFile& file) {
    // git states no mode for what it only moves.
    const bool states_none = is_move(patch) && !patch.old_mode;
    if (source != nullptr && !states_none &&
        is_link(source->mode) != is_link(patch.old_mode.value_or(GIT_FILEMODE_BLOB)))
      return Misfit{{cat(printable(patch.old_path),
                         is_link(source->mode) ? " is a symlink" : " is no symlink",
                         ", which the patch does not expect")},
                    {}};
    if (source != nullptr && patch.new_mode && is_link(*patch.new_mode) != is_link(source->mode))
      return Misfit{
          {cat(printable(patch.new_path), " can't change between file and symlink in place")}, {}};
    if (patch.new_mode)
      file.mode = *patch.new_mode;
    return std::nullopt;
  }

  std::optional<Misfit> change_content(const FilePatch& patch,
                                       std::string_view before,
                                       TreeFile& file) {
    std::string content;
    if (patch.binary.empty()) {
      auto result = apply_hunks(before, patch.hunks, cancel_);
      if (result.miss)
        return describe(patch, *result.miss);
      content = std::move(result.content);
    } else {
      auto result = apply_binary(before, patch, label_.name);
      if (!result)
        return Misfit{
            {cat(printable(patch.old_path), " is not the file that the binary patch was made for"),
             cat("wanted: blob ", patch.old_id),
             cat("found:  blob ", blob_id(before))},
            {}};
      content = std::move(*result);
    }
    changed_ += content.size();
    if (changed_ > kMaxChanged)
      throw Error(
          Kind::input,
          cat("patch ", label_.name, " makes files of more than ", human_size(kMaxChanged)));
    file.content = std::make_shared<const std::string>(std::move(content));
    return std::nullopt;
  }

  std::optional<Misfit> remove(const FilePatch& patch, const TreeFile& file) {
    const bool says_all = !patch.hunks.empty() || !patch.binary.empty();
    const bool empty =
        says_all ? file.content->empty() : FileTree::content(file, patch.old_path).empty();
    if (!empty)
      return Misfit{{cat(printable(patch.old_path), " holds more than what the patch removes")},
                    {}};
    changes_[patch.old_path] = std::nullopt;
    return std::nullopt;
  }

  std::optional<Misfit> put(const FilePatch& patch, TreeFile file) {
    if (patch.action == Action::rename && !changes_.contains(patch.old_path))
      changes_[patch.old_path] = std::nullopt;
    changes_[patch.new_path] = std::move(file);
    return std::nullopt;
  }

  Misfit describe(const FilePatch& patch, const HunkMiss& miss) const {
    Misfit misfit;
    misfit.details.push_back(cat("hunk ",
                                 miss.hunk,
                                 " of ",
                                 printable(patch.new_path),
                                 ", line ",
                                 miss.line,
                                 ": context not found (line ",
                                 miss.patch_line,
                                 " of the patch)"));
    misfit.details.push_back(miss.wanted.empty() ? std::string("wanted: the end of the file")
                                                 : cat("wanted: ", shown_line(miss.wanted)));
    misfit.details.push_back(miss.found ? cat("found:  ", shown_line(*miss.found))
                                        : std::string("found:  the end of the file"));
    if (miss.line_ends_differ)
      misfit.hints.emplace_back("only the line ends differ: one has CRLF, the other LF");
    if (miss.there_already)
      misfit.hints.push_back(cat("what hunk ",
                                 miss.hunk,
                                 " of ",
                                 printable(patch.new_path),
                                 " makes is in the file already"));
    return misfit;
  }

  Misfit absent(const FilePatch& patch) const {
    Misfit misfit{
        {cat(printable(patch.old_path), " is not there (line ", patch.at, " of the patch)")}, {}};
    const auto slash = patch.old_path.find('/');
    if (slash != std::string::npos && tree_.find(patch.old_path.substr(slash + 1)) != nullptr) {
      misfit.hints.push_back(cat("but ",
                                 printable(patch.old_path.substr(slash + 1)),
                                 " is: try `strip: ",
                                 label_.strip + 1,
                                 "`"));
      return misfit;
    }
    const auto end = "/" + patch.old_path;
    for (const auto& [path, file] : tree_.files())
      if (path.ends_with(end)) {
        const auto more =
            std::count(path.begin(), path.end() - static_cast<std::ptrdiff_t>(end.size() - 1), '/');
        misfit.hints.push_back(
            more <= label_.strip
                ? cat("but ", printable(path), " is: try `strip: ", label_.strip - more, "`")
                : cat("but ", printable(path), " is"));
        break;
      }
    return misfit;
  }

  void check_parents(const FileTree& tree, const std::string& path) const {
    const auto parent = tree.blocking_parent(path);
    if (!parent)
      return;
    const bool link = is_link(tree.find(*parent)->mode);
    throw misplaced(
        path, cat("leads through the ", link ? "symlink '" : "file '", printable(*parent), "'"));
  }
  Error misplaced(const std::string& path, std::string_view why) const {
    return Error(Kind::input, cat("patch ", label_.name, " can't be applied to ", label_.subject))
        .detail(cat(printable(path), " ", why));
  }

  const FileTree& tree_;
  const PatchLabel& label_;
  const Cancel& cancel_;
  std::set<std::string> leaving_;
  std::map<std::string, Change> changes_;
  std::uint64_t changed_ = 0;
};

FilePatch reversed(FilePatch patch) {
  if (patch.action == Action::create)
    patch.action = Action::remove;
  else if (patch.action == Action::remove)
    patch.action = Action::create;
  // "index a..b MODE" states one mode for before and after.
  if (patch.action != Action::create && patch.action != Action::remove && !patch.new_mode)
    patch.new_mode = patch.old_mode;
  std::swap(patch.old_path, patch.new_path);
  std::swap(patch.old_mode, patch.new_mode);
  std::swap(patch.old_id, patch.new_id);
  patch.hunks = reversed(std::move(patch.hunks));
  if (!patch.binary.empty())
    patch.binary = reversed_binary(patch.binary);
  return patch;
}

/// Whether the tree is what the patch would make of another.
bool is_applied(const FileTree& tree,
                const std::vector<FilePatch>& patches,
                const PatchLabel& label,
                const Cancel& cancel) {
  std::vector<FilePatch> backward;
  for (auto it = patches.rbegin(); it != patches.rend(); ++it) {
    if (it->action == Action::copy)
      return false;
    backward.push_back(reversed(*it));
    // a plain section that fills an empty file, or makes one
    if (it->may_create && tree.find(it->new_path) != nullptr)
      backward.back().action = Action::remove;
  }
  try {
    return Pass(tree, label, cancel).run(backward).empty();
  } catch (const Error& error) {
    if (error.kind() != Kind::input)
      throw;
    return false;
  }
}

}  // namespace

void apply_patch(FileTree& tree,
                 const std::vector<FilePatch>& patches,
                 const PatchLabel& label,
                 const Cancel& cancel) {
  Pass pass(tree, label, cancel);
  const auto misfits = pass.run(patches);
  if (misfits.empty())
    return pass.commit(tree);
  if (is_applied(tree, patches, label, cancel))
    throw Error(Kind::input, cat("patch ", label.name, " is already applied in ", label.subject))
        .hint(label.if_applied);
  auto error = Error(Kind::input, cat("patch ", label.name, " does not apply to ", label.subject));
  for (const auto& misfit : misfits)
    for (const auto& detail : misfit.details)
      error.detail(detail);
  for (const auto& misfit : misfits)
    for (const auto& hint : misfit.hints)
      error.hint(hint);
  throw std::move(error).hint(
      "make the patch again for this source: its context must match to the byte");
}

}  // namespace cullet::source
