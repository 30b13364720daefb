// SPDX-License-Identifier: Apache-2.0
#include "file_tree.hpp"

#include <set>

#include "cullet/base/text.hpp"

#include "tree_name.hpp"

namespace cullet::source {
namespace {

Error bad_tree(std::string_view path, std::string_view why) {
  return Error(Kind::input, cat("a git tree is refused: '", printable(path), "' ", why));
}

Error missing_object(git_repository* repository, std::string_view doing) {
  const std::string path = git_repository_path(repository);
  return git_failure(doing).hint(
      cat("the mirror ", path, " is damaged; remove it, and it is made again"));
}

}  // namespace

void FileTree::add_commit(const std::shared_ptr<git_repository>& repository,
                          const git_oid& commit,
                          const std::string& prefix,
                          const Cancel& cancel) {
  const auto found = find_commit(repository.get(), commit);
  if (!found)
    throw missing_object(repository.get(), cat("read commit ", hex(commit)));
  repositories_.push_back(repository);
  add_tree(repository.get(), *git_commit_tree_id(found.get()), prefix, cancel);
}

void FileTree::add_tree(const std::shared_ptr<git_repository>& repository,
                        const git_oid& tree,
                        const std::string& prefix,
                        const Cancel& cancel) {
  repositories_.push_back(repository);
  add_tree(repository.get(), tree, prefix, cancel);
}

void FileTree::add_tree(git_repository* repository,
                        const git_oid& id,
                        const std::string& prefix,
                        const Cancel& cancel) {
  cancel.check();
  // Without files, a few objects that name each other twice make more of them than anybody can
  // visit.
  if (++directories_ > kMaxFiles)
    throw bad_tree(prefix.substr(0, 80), cat("is one of more than ", kMaxFiles, " directories"));
  GitTree tree;
  if (git_tree_lookup(out_ptr(tree), repository, &id) < 0)
    throw missing_object(repository, cat("read tree ", hex(id)));
  std::set<std::string_view> names;  // git's order lets a file "a" and a directory "a" both pass
  for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
    const auto* entry = git_tree_entry_byindex(tree.get(), i);
    const std::string_view name = git_tree_entry_name(entry);
    const auto path = cat(prefix, name);
    if (!is_tree_name(name))
      throw bad_tree(path, "is no name for a file");
    if (!names.insert(name).second)
      throw bad_tree(path, "is in there twice");
    if (path.size() > kMaxPath)
      throw bad_tree(path.substr(0, 80), cat("… has a path of more than ", kMaxPath, " bytes"));
    const auto& entry_id = *git_tree_entry_id(entry);
    const auto mode = git_tree_entry_filemode(entry);
    switch (mode) {
      case GIT_FILEMODE_TREE:
        add_tree(repository, entry_id, path + "/", cancel);
        continue;
      case GIT_FILEMODE_BLOB:
      case GIT_FILEMODE_BLOB_EXECUTABLE:
      case GIT_FILEMODE_LINK:
      case GIT_FILEMODE_COMMIT:
        break;
      default:
        throw bad_tree(path, "is neither file, directory, symlink nor submodule");
    }
    if (files_.size() >= kMaxFiles)
      throw bad_tree(path, cat("is one of more than ", kMaxFiles, " files"));
    files_.insert_or_assign(path, TreeFile{mode, entry_id, repository, nullptr});
  }
}

const TreeFile* FileTree::find(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

std::string FileTree::content(const TreeFile& file, const std::string& path) {
  if (file.content)
    return *file.content;
  Blob blob;
  if (git_blob_lookup(out_ptr(blob), file.repository, &file.id) < 0)
    throw missing_object(file.repository, cat("read '", printable(path), "'"));
  return {static_cast<const char*>(git_blob_rawcontent(blob.get())),
          static_cast<std::size_t>(git_blob_rawsize(blob.get()))};
}

std::optional<std::string> FileTree::blocking_parent(const std::string& path) const {
  for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
    if (auto parent = path.substr(0, slash); files_.contains(parent))
      return parent;
  return std::nullopt;
}

bool FileTree::is_directory(const std::string& path) const {
  const auto below = path + "/";
  const auto found = files_.lower_bound(below);
  return found != files_.end() && found->first.starts_with(below);
}

}  // namespace cullet::source
