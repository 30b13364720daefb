// SPDX-License-Identifier: Apache-2.0
#include "patch_binary.hpp"

#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

#include "cullet/archive/compression.hpp"
#include "cullet/base/text.hpp"

#include "base85.hpp"
#include "git.hpp"

namespace cullet::source {
namespace {

using Index = Handle<git_index, git_index_free>;
constexpr const char* kFile = "file";

/// A repository in memory alone.
Repository scratch_repository() {
  start_libgit2();
  Odb odb;
  Repository repository;
  check(git_odb_new(out_ptr(odb)), "make a repository in memory");
  git_odb_backend* memory = nullptr;
  check(git_mempack_new(&memory), "make a repository in memory");
  if (git_odb_add_backend(odb.get(), memory, 1) < 0) {
    memory->free(memory);
    throw git_failure("make a repository in memory");
  }
  check(git_repository_wrap_odb(out_ptr(repository), odb.get()), "make a repository in memory");
  return repository;
}

GitTree tree_with(git_repository* repository, const git_oid* file) {
  TreeBuilder builder;
  check(git_treebuilder_new(out_ptr(builder), repository, nullptr), "make a tree");
  if (file != nullptr)
    check(git_treebuilder_insert(nullptr, builder.get(), kFile, file, GIT_FILEMODE_BLOB),
          "make a tree");
  git_oid id;
  check(git_treebuilder_write(&id, builder.get()), "write a tree");
  GitTree tree;
  check(git_tree_lookup(out_ptr(tree), repository, &id), "read a tree");
  return tree;
}

std::string last_message() {
  const auto* last = git_error_last();
  return last != nullptr && last->message != nullptr ? printable(last->message) : "unknown error";
}

/// libgit2 1.5 inflates on forever where a stream has no end, or has bytes behind it.
void check_streams(std::string_view binary) {
  std::optional<std::uint64_t> size;  // of the block whose lines are being read
  std::string stream;
  for (const auto& line : split(binary.substr(binary.find('\n') + 1), '\n')) {
    if (!size) {
      size = parse_number(std::string_view(line).substr(line.find(' ') + 1));
      if (!size && !line.empty())
        throw Error(Kind::input, "a block has no size");
    } else if (!line.empty()) {
      const auto bytes = decode_base85_line(line);
      if (!bytes)
        throw Error(Kind::input, "a line is not git's base85");
      stream += *bytes;
    } else {
      archive::check_zlib(as_bytes(stream), *size, "a block");
      size.reset();
      stream.clear();
    }
  }
}

constexpr std::string_view kZero = "0000000000000000000000000000000000000000";

/// The patch as git has it. Always as a change of a file that is there: what becomes of the path is
/// decided elsewhere.
std::string as_change(const std::string& before, const FilePatch& patch) {
  const bool full = patch.new_id.size() == kZero.size() && patch.new_id != kZero;
  return cat("diff --git a/",
             kFile,
             " b/",
             kFile,
             "\nindex ",
             before,
             "..",
             full ? patch.new_id : std::string(kZero.size(), '1'),
             " 100644\n",
             patch.binary);
}

/// The file that a blob holds.
std::string text_of(git_repository* repository, const git_oid& id) {
  Blob blob;
  check(git_blob_lookup(out_ptr(blob), repository, &id), "read a patched file");
  return {static_cast<const char*>(git_blob_rawcontent(blob.get())),
          static_cast<std::size_t>(git_blob_rawsize(blob.get()))};
}

}  // namespace

std::string blob_id(std::string_view content) {
  start_libgit2();
  git_oid id;
  check(git_odb_hash(&id, content.data(), content.size(), GIT_OBJECT_BLOB), "hash a file");
  return hex(id);
}

std::string reversed_binary(std::string_view binary) {
  const auto head = binary.find('\n') + 1;
  const auto middle = binary.find("\n\n", head);
  if (middle == binary.npos)
    return std::string(binary);
  const auto forward = binary.substr(head, middle + 2 - head);
  const auto backward = binary.substr(middle + 2);
  return cat(binary.substr(0, head), backward, forward);
}

std::optional<std::string> apply_binary(std::string_view content,
                                        const FilePatch& patch,
                                        std::string_view name) {
  const auto before = blob_id(content);
  const bool creates = patch.action == FilePatch::Action::create;
  if (!creates && (patch.old_id.empty() || !before.starts_with(patch.old_id)))
    return std::nullopt;
  const auto bad = [&](std::string_view why) {
    return Error(Kind::input,
                 cat("patch ",
                     name,
                     ", line ",
                     patch.at,
                     ": the binary patch of ",
                     printable(patch.new_path),
                     " ",
                     why));
  };
  try {
    check_streams(patch.binary);
  } catch (const Error& error) {
    if (error.kind() != Kind::input)
      throw;
    throw bad("is damaged").detail(error.message());
  }
  const auto repository = scratch_repository();
  git_oid id;
  check(git_blob_create_from_buffer(&id, repository.get(), content.data(), content.size()),
        "write a file");
  const auto text = as_change(before, patch);
  Diff diff;
  const int read = git_diff_from_buffer(out_ptr(diff), text.data(), text.size());
  if (read < 0 || git_diff_num_deltas(diff.get()) != 1)
    throw bad(cat("is malformed: ", last_message()));
  const auto tree = tree_with(repository.get(), &id);
  Index index;
  if (git_apply_to_tree(out_ptr(index), repository.get(), tree.get(), diff.get(), nullptr) < 0)
    throw bad(cat("is damaged: ", last_message()));
  const auto* entry = git_index_get_bypath(index.get(), kFile, 0);
  if (entry == nullptr)
    throw bad("is damaged");
  auto result = text_of(repository.get(), entry->id);
  const bool removes = patch.action == FilePatch::Action::remove;
  if (!removes && !patch.new_id.empty() && !hex(entry->id).starts_with(patch.new_id))
    throw bad("does not give the file that its index line says");
  return result;
}

}  // namespace cullet::source
