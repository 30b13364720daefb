// SPDX-License-Identifier: Apache-2.0
#include "workbench.hpp"

#include <git2/sys/repository.h>

#include "cullet/base/file.hpp"

#include "conflict.hpp"
#include "tree_diff.hpp"

namespace cullet::source {
namespace {

store::StagedTree make_directory(const Context& context) {
  start_libgit2();
  return context.store.work_directory();
}

}  // namespace

Workbench::Workbench(const Context& context) : context_(context), work_(make_directory(context)) {
  const auto path = (work_.root() / "git").string();
  Repository repository;
  check(git_repository_init(out_ptr(repository), path.c_str(), 1), cat("make ", path));
  Config config;
  check(git_config_new(out_ptr(config)), "make a configuration");
  check(git_repository_set_config(repository.get(), config.get()), "configure a repository");
  // Attributes of the machine could choose another merge driver, or call a text binary.
  make_directories(std::filesystem::path(path) / "info");
  replace_file(std::filesystem::path(path) / "info/attributes",
               "* !merge !diff !text !conflict-marker-size\n",
               0644,
               Durability::buffered);
  repository_ = std::shared_ptr<git_repository>(repository.release(), git_repository_free);
}

void Workbench::read_from(git_repository* other) {
  const std::string objects = std::string(git_repository_commondir(other)) + "objects";
  if (other == repository_.get() || !sources_.insert(objects).second)
    return;
  Odb odb;
  check(git_repository_odb(out_ptr(odb), repository_.get()), "open a repository");
  check(git_odb_add_disk_alternate(odb.get(), objects.c_str()), cat("read ", objects));
}

git_oid Workbench::write(const FileTree& tree) {
  const git_repository* last = nullptr;
  for (const auto& [path, file] : tree.files())
    if (!file.content && file.repository != last) {
      last = file.repository;
      read_from(file.repository);
    }
  auto at = tree.files().begin();
  return write(at, tree.files(), "");
}

git_oid Workbench::write(std::map<std::string, TreeFile>::const_iterator& at,
                         const std::map<std::string, TreeFile>& files,
                         const std::string& prefix) {
  context_.cancel.check();
  TreeBuilder builder;
  check(git_treebuilder_new(out_ptr(builder), repository_.get(), nullptr), "make a tree");
  while (at != files.end() && at->first.starts_with(prefix)) {
    const auto slash = at->first.find('/', prefix.size());
    git_oid id;
    git_filemode_t mode = GIT_FILEMODE_TREE;
    const auto name =
        at->first.substr(prefix.size(), slash == std::string::npos ? slash : slash - prefix.size());
    if (slash != std::string::npos) {
      id = write(at, files, at->first.substr(0, slash + 1));
    } else {
      const auto& file = at->second;
      mode = static_cast<git_filemode_t>(file.mode);
      id = file.id;
      if (file.content)
        check(git_blob_create_from_buffer(
                  &id, repository_.get(), file.content->data(), file.content->size()),
              "write a file");
      ++at;
    }
    check(git_treebuilder_insert(nullptr, builder.get(), name.c_str(), &id, mode), "make a tree");
  }
  git_oid id;
  check(git_treebuilder_write(&id, builder.get()), "write a tree");
  return id;
}

FileTree Workbench::read(const git_oid& tree) const {
  FileTree files;
  files.add_tree(repository_, tree, "", context_.cancel);
  return files;
}

GitTree Workbench::tree(const git_oid& id) const {
  GitTree tree;
  check(git_tree_lookup(out_ptr(tree), repository_.get(), &id), cat("read tree ", hex(id)));
  return tree;
}

Workbench::Merged Workbench::merge(const git_oid* base,
                                   const git_oid& ours,
                                   const git_oid& theirs) const {
  GitTree ancestor;
  if (base != nullptr)
    ancestor = tree(*base);
  git_merge_options options = GIT_MERGE_OPTIONS_INIT;
  Index index;
  check(git_merge_trees(out_ptr(index),
                        repository_.get(),
                        ancestor.get(),
                        tree(ours).get(),
                        tree(theirs).get(),
                        &options),
        "merge a change");
  Merged merged;
  if (git_index_has_conflicts(index.get()) != 0)
    merged.conflicts = conflicts_of(repository_.get(), index.get());
  else
    check(git_index_write_tree_to(&merged.tree, index.get(), repository_.get()), "write a tree");
  return merged;
}

Diff Workbench::difference(const git_oid& before, const git_oid& after) const {
  return diff_trees(repository_.get(), tree(before).get(), tree(after).get());
}

std::string Workbench::diff(const git_oid& before, const git_oid& after) const {
  return patch_text(difference(before, after).get(), "a change");
}

std::vector<std::string> Workbench::changed(const git_oid& before, const git_oid& after) const {
  const auto diff = difference(before, after);
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i)
    paths.emplace_back(git_diff_get_delta(diff.get(), i)->new_file.path);
  return paths;
}

}  // namespace cullet::source
