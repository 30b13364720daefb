// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <memory>

#include "cullet/archive/reader.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

#include "archive_origin.hpp"
#include "fetch.hpp"
#include "git.hpp"
#include "origin.hpp"
#include "tree_name.hpp"
#include "zip_time.hpp"

namespace cullet::source {
namespace {

constexpr std::string_view kBranch = "refs/heads/import";
constexpr const char* kName = "cullet import";
constexpr const char* kEmail = "import@cullet.invalid";
// 9999-12-31T23:59:59Z: later times have no RFC 3339 form, and an image's `created` needs one.
constexpr std::int64_t kLastTime = 253402300799;

/// A directory of the archive, or a file as git holds it.
struct Node {
  git_filemode_t mode = GIT_FILEMODE_TREE;
  git_oid id{};                                           ///< of a file or symlink
  std::map<std::string, std::unique_ptr<Node>> children;  ///< of a directory
  [[nodiscard]] bool is_directory() const noexcept { return mode == GIT_FILEMODE_TREE; }
};

/// Builds git objects from an archive's entries.
class Importer {
 public:
  Importer(const Context& context, git_repository* repository, std::string archive)
      : context_(context), repository_(repository), archive_(std::move(archive)) {}

  void add_all(archive::Reader& reader) {
    while (const auto entry = reader.next()) {
      context_.cancel.check();
      newest_ = std::max(newest_, reader.mtime());
      add(*entry, reader);
    }
  }

  void set_newest(std::int64_t time) { newest_ = time; }

  git_oid commit(const Sha256& sha256) {
    auto* top = &root_;
    if (root_.children.size() == 1 && root_.children.begin()->second->is_directory())
      top = root_.children.begin()->second.get();
    const auto tree_id = write(*top);
    if (!tree_id)
      throw Error(Kind::input, cat("the archive ", archive_, " holds no files"));
    if (newest_ > kLastTime)
      throw Error(Kind::input,
                  cat("the archive ", archive_, " has an entry from after the year 9999"));
    GitTree tree;
    check(git_tree_lookup(out_ptr(tree), repository_, &*tree_id), "read a tree");
    Signature signature;
    check(git_signature_new(out_ptr(signature), kName, kEmail, newest_, 0), "make a signature");
    git_oid id;
    check(git_commit_create(&id,
                            repository_,
                            nullptr,
                            signature.get(),
                            signature.get(),
                            nullptr,
                            cat("import ", sha256.str(), "\n").c_str(),
                            tree.get(),
                            0,
                            nullptr),
          "write a commit");
    return id;
  }

 private:
  void add(const archive::Entry& entry, archive::Reader& reader) {
    auto& node = place(entry.path.str(), entry.type == archive::EntryType::directory);
    switch (entry.type) {
      case archive::EntryType::directory:
        break;
      case archive::EntryType::file:
        node.mode = (entry.mode & 0100U) != 0 ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB;
        node.id = write_file(reader.body());
        break;
      case archive::EntryType::symlink:
        if (entry.target.empty() || entry.target.find('\0') != std::string::npos)
          throw bad_entry(entry.path.str(), "is a symlink that leads nowhere");
        node.mode = GIT_FILEMODE_LINK;
        check(git_blob_create_from_buffer(
                  &node.id, repository_, entry.target.data(), entry.target.size()),
              "write a symlink");
        break;
      case archive::EntryType::hardlink: {
        const auto* target = find(entry.target);
        if (target == nullptr || target->is_directory())
          throw bad_entry(
              entry.path.str(),
              cat("is a hard link to '", printable(entry.target), "', which is no earlier file"));
        node.mode = target->mode;
        node.id = target->id;
        break;
      }
    }
  }

  /// The node at `path`, made with its parents where absent. What isn't the same kind of thing
  /// can't stand there.
  Node& place(const std::string& path, bool directory) {
    auto* node = &root_;
    const auto parts = split(path, '/');
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (!is_tree_name(parts[i]))
        throw bad_entry(path, cat("can't be in a git tree: '", printable(parts[i]), "'"))
            .hint("git keeps names like '.git' to itself; repack the archive without it");
      const bool want_directory = directory || i + 1 < parts.size();
      auto& child = node->children[parts[i]];
      if (!child) {
        child = std::make_unique<Node>();
        if (!want_directory)
          child->mode = GIT_FILEMODE_BLOB;
      } else if (child->is_directory() != want_directory) {
        throw bad_entry(path, "is both a directory and a file");
      }
      node = child.get();
    }
    return *node;
  }

  const Node* find(const std::string& path) const {
    const auto* node = &root_;
    for (const auto& part : split(path, '/')) {
      const auto found = node->children.find(part);
      if (found == node->children.end())
        return nullptr;
      node = found->second.get();
    }
    return node;
  }

  git_oid write_file(Source& body) {
    git_writestream* stream = nullptr;
    check(git_blob_create_from_stream(&stream, repository_, nullptr), "write a file");
    struct Guard {
      git_writestream*& stream;
      ~Guard() {
        if (stream != nullptr)
          stream->free(stream);
      }
    } guard{stream};
    std::size_t got = 0;
    while ((got = body.read(buffer_)) > 0)
      check(stream->write(stream, reinterpret_cast<const char*>(buffer_.data()), got),
            "write a file");
    git_oid id;
    // It takes the stream, whatever comes of it.
    check(git_blob_create_from_stream_commit(&id, std::exchange(stream, nullptr)), "write a file");
    return id;
  }

  /// nullopt for a directory without files: git can't hold one.
  std::optional<git_oid> write(const Node& node) {
    TreeBuilder builder;
    check(git_treebuilder_new(out_ptr(builder), repository_, nullptr), "make a tree");
    for (const auto& [name, child] : node.children) {
      const auto id = child->is_directory() ? write(*child) : std::optional(child->id);
      if (id)
        check(git_treebuilder_insert(nullptr, builder.get(), name.c_str(), &*id, child->mode),
              cat("add '", printable(name), "' to a tree"));
    }
    if (git_treebuilder_entrycount(builder.get()) == 0)
      return std::nullopt;
    git_oid id;
    check(git_treebuilder_write(&id, builder.get()), "write a tree");
    return id;
  }

  Error bad_entry(std::string_view path, std::string_view why) const {
    return Error(
        Kind::input,
        cat("the archive ", archive_, " can't be imported: '", printable(path), "' ", why));
  }

  const Context& context_;
  git_repository* repository_;
  std::string archive_;
  Node root_;
  std::int64_t newest_ = 0;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{256} << 10U);
};

}  // namespace

git_oid import_locked(const Context& context,
                      const workspace::Fork& fork,
                      const Mirror& mirror,
                      const Mirror::Lock& lock) {
  const auto blob = find_archive(context, *fork.import);
  if (context.progress)
    context.progress(cat("importing ", fork.import->name));
  // Objects are made in a repository of their own, and the mirror gets them as one pack: what a
  // killed import leaves is not in the mirror, and a pack is one file to sync.
  const auto work = context.store.work_directory();
  const auto scratch = make_snapshot_repository((work.root() / "git").string());
  const auto fd = context.store.open_blob(blob);
  FdSource file(fd.get(), fork.import->name);
  VerifyingSource verified(file, fork.import->sha256, std::nullopt);
  archive::Reader reader(verified, fork.import->name, archive::Format::tar_or_zip);
  Importer importer(context, scratch.get(), fork.import->name);
  importer.add_all(reader);
  drain(verified);  // what the archive's reader left
  if (const auto time = newest_zip_time(fd.get(), fork.import->name))
    importer.set_newest(*time);
  const auto id = importer.commit(fork.import->sha256);
  const auto repository = mirror.open();
  copy_objects(
      context, scratch.get(), repository.get(), {{std::string(kBranch), id}}, {}, fork.name);
  lock.sync_packs();
  auto references = mirror.references();
  references[std::string(kBranch)] = id;
  lock.write(references);
  return id;
}

std::string import_archive(const Context& context, const workspace::Fork& fork) {
  return with_context([&] { return cat("importing fork '", fork.name, "'"); },
                      [&] {
                        if (!fork.import)
                          throw Error(Kind::input, cat("fork '", fork.name, "' has no 'import'"))
                              .hint("add the archive, its sha256 and where it is to the fork");
                        const auto mirror = import_mirror_of(context, fork);
                        const auto lock = mirror.lock();
                        return hex(import_locked(context, fork, mirror, lock));
                      });
}

}  // namespace cullet::source
