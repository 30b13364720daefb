// SPDX-License-Identifier: Apache-2.0
// Patches: git's format and plain diffs, applied to a small tree in memory.
#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"

#include "fuzz.hpp"
#include "hunk_apply.hpp"
#include "patch_apply.hpp"
#include "patch_path.hpp"

using namespace cullet;
using namespace cullet::fuzz;
using namespace cullet::source;

namespace {

FileTree small_tree() {
  const auto file = [](const char* text, std::uint32_t mode = GIT_FILEMODE_BLOB) {
    TreeFile made;
    made.mode = mode;
    made.content = std::make_shared<const std::string>(text);
    return made;
  };
  FileTree tree;
  tree.put("a", file("1\n2\n3\n4\n5\n6\n7\n8\n9\n"));
  tree.put("d/b", file("x\nx\nx\ny\nx\nx\nx\n", GIT_FILEMODE_BLOB_EXECUTABLE));
  tree.put("crlf", file("1\r\n2\r\n3\r\n"));
  tree.put("empty", file(""));
  tree.put("link", file("d/b", GIT_FILEMODE_LINK));
  tree.put("open", file("no end of line"));
  return tree;
}

void check_path(const std::string& path) {
  const auto parsed = RelativePath::parse(path);
  require(parsed && parsed->str() == path, "paths of a patch stay below the root");
  for (const auto& part : split(path, '/'))
    require(part != ".git", "no patch reaches into .git");
}

/// A patch that does not fit is tried backwards, so hunks are applied both ways.
void undo(const FilePatch& patch, const FileTree& before) {
  const auto* const file = before.find(patch.old_path);
  if (file == nullptr || patch.hunks.empty())
    return;
  const auto text = FileTree::content(*file, patch.old_path);
  const auto there = apply_hunks(text, patch.hunks, Cancel());
  if (!there.miss)
    static_cast<void>(apply_hunks(there.content, reversed(patch.hunks), Cancel()));
}

void apply(std::string_view text, int strip) {
  const auto patches = parse_patch(text, strip, "input");
  require(!patches.empty(), "a patch that is taken patches something");
  const auto before = small_tree();
  for (const auto& patch : patches) {
    for (const auto* path : {&patch.old_path, &patch.new_path})
      if (!path->empty())
        check_path(*path);
    undo(patch, before);
  }
  auto tree = small_tree();
  apply_patch(tree, patches, {.name = "input", .subject = "demo", .strip = strip}, Cancel());
  for (const auto& [path, file] : tree.files()) {
    check_path(path);
    require(!tree.blocking_parent(path), "no path is below a file");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  for (const int strip : {0, 1})
    accepts([&] { apply(text, strip); });
  return 0;
}
