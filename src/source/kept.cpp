// SPDX-License-Identifier: Apache-2.0
#include "kept.hpp"

#include "cullet/archive/reader.hpp"
#include "cullet/archive/tar_writer.hpp"
#include "cullet/base/text.hpp"

#include "fetch.hpp"
#include "object_list.hpp"

namespace cullet::source {
namespace {

Mirror restored_mirror(const Context& context) {
  return {context, "restored", "commits"};
}

std::string reference_of(const git_oid& id, bool change) {
  return cat("refs/cullet/", change ? "changes/" : "pins/", hex(id));
}

git_oid id_of(const std::string& commit) {
  const auto id = parse_id(commit);
  if (!id)
    throw Error(Kind::input, cat("'", printable(commit), "' is no commit id"));
  return *id;
}

ObjectIds objects_of(git_repository* repository,
                     const git_oid& commit,
                     bool change,
                     const Cancel& cancel) {
  ObjectList list(repository, cancel);
  if (change)
    list.add_change(commit);
  else
    list.add_commit(commit);
  return list.ids();
}

using OdbObject = Handle<git_odb_object, git_odb_object_free>;

/// "TYPE SIZE\0" and the content: what git hashes.
std::string object_bytes(git_odb* odb, const git_oid& id) {
  OdbObject object;
  check(git_odb_read(out_ptr(object), odb, &id), cat("read object ", hex(id)));
  const auto size = git_odb_object_size(object.get());
  if (size > kMaxObject)
    throw Error(Kind::input, cat("object ", hex(id), " is larger than ", human_size(kMaxObject)));
  auto bytes = cat(git_object_type2string(git_odb_object_type(object.get())), " ", size);
  bytes += '\0';
  bytes.append(static_cast<const char*>(git_odb_object_data(object.get())), size);
  return bytes;
}

/// Writes one object, whose name in the tar is its id.
void restore_object(git_odb* odb, const archive::Entry& entry, Source& body) {
  const auto& name = entry.path.str();
  const auto want = parse_id(name);
  if (!want || entry.type != archive::EntryType::file)
    throw Error(Kind::refused, cat("'", printable(name), "' is no git object"));
  if (entry.size > kMaxObject + 32)
    throw Error(Kind::refused, cat("object ", name, " is larger than ", human_size(kMaxObject)));
  const auto bytes = read_all(body, entry.size, cat("object ", name));
  const auto end = std::string_view(bytes).substr(0, 32).find('\0');
  const auto header = std::string_view(bytes).substr(0, end == bytes.npos ? 0 : end);
  const auto space = header.find(' ');
  const auto type = space == header.npos
                        ? GIT_OBJECT_INVALID
                        : git_object_string2type(std::string(header.substr(0, space)).c_str());
  if ((type != GIT_OBJECT_COMMIT && type != GIT_OBJECT_TREE && type != GIT_OBJECT_BLOB) ||
      header.substr(space + 1) != std::to_string(bytes.size() - end - 1))
    throw Error(Kind::refused, cat("object ", name, " has no header of git's"));
  git_oid got;
  check(git_odb_write(&got, odb, bytes.data() + end + 1, bytes.size() - end - 1, type),
        cat("write object ", name));
  if (git_oid_equal(&got, &*want) == 0)
    throw Error(Kind::refused, cat("the object ", name, " hashes to ", hex(got)));
}

void restore_objects(const Context& context, git_repository* repository, Source& from) {
  Odb odb;
  check(git_repository_odb(out_ptr(odb), repository), "open a repository");
  archive::Reader reader(from, "a kept commit", archive::Format::tar);
  while (const auto entry = reader.next()) {
    context.cancel.check();
    restore_object(odb.get(), *entry, reader.body());
  }
  // To the end, where a verifying source has its last word.
  drain(from);
}

void restore(const Context& context, const git_oid& commit, bool change, Source& from) {
  const auto mirror = restored_mirror(context);
  // As an import: objects are made elsewhere, and the mirror gets them as one durable pack.
  const auto work = context.store.work_directory();
  const auto scratch = make_snapshot_repository((work.root() / "git").string());
  restore_objects(context, scratch.get(), from);
  const auto needed = objects_of(scratch.get(), commit, change, context.cancel);
  Odb odb;
  check(git_repository_odb(out_ptr(odb), scratch.get()), "open a repository");
  for (const auto& id : needed)
    if (git_odb_exists(odb.get(), &id) != 1)
      throw Error(Kind::refused, cat("object ", hex(id), " is missing"));
  const auto lock = mirror.lock();
  const auto repository = mirror.open();
  copy_objects(
      context, scratch.get(), repository.get(), {needed.begin(), needed.end()}, hex(commit));
  lock.sync_packs();
  auto references = mirror.references();
  references[reference_of(commit, change)] = commit;
  lock.write(references);
}

}  // namespace

void write_commit(const Context& context, const SourceCommit& commit, Sink& to) {
  with_context([&] { return cat("packing commit ", commit.commit, " (", commit.name, ")"); },
               [&] {
                 start_libgit2();
                 const auto repository = open_repository(commit.repository.string());
                 const auto objects = objects_of(
                     repository.get(), id_of(commit.commit), commit.change, context.cancel);
                 Odb odb;
                 check(git_repository_odb(out_ptr(odb), repository.get()), "open a repository");
                 archive::TarWriter tar(to);
                 for (const auto& id : objects) {
                   context.cancel.check();
                   const auto bytes = object_bytes(odb.get(), id);
                   archive::Entry entry{*RelativePath::parse(hex(id)),
                                        archive::EntryType::file,
                                        0644,
                                        0,
                                        0,
                                        bytes.size(),
                                        {},
                                        {}};
                   MemorySource source(bytes);
                   tar.add(entry, &source);
                 }
                 tar.finish();
               });
}

Repository restored(const Context& context, const git_oid& commit, bool change) {
  const auto mirror = restored_mirror(context);
  if (!mirror.exists() || !mirror.references().contains(reference_of(commit, change)))
    return nullptr;
  auto repository = mirror.open();
  return find_commit(repository.get(), commit) ? std::move(repository) : nullptr;
}

bool has_restored(const Context& context, const std::string& commit, bool change) {
  return restored(context, id_of(commit), change) != nullptr;
}

void restore_commit(const Context& context, const std::string& commit, bool change, Source& from) {
  with_context([&] { return cat("restoring commit ", printable(commit)); },
               [&] { restore(context, id_of(commit), change, from); });
}

Repository restored_or_kept(const Context& context, const git_oid& commit, bool change) {
  if (auto found = restored(context, commit, change))
    return found;
  if (!context.kept_commit)
    return nullptr;
  try {
    const auto source = context.kept_commit(hex(commit), change);
    if (source == nullptr)
      return nullptr;
    restore_commit(context, hex(commit), change, *source);
    return restored(context, commit, change);
  } catch (const Error& error) {
    if (error.kind() == Kind::interrupted || error.kind() == Kind::internal)
      throw;
    if (context.progress)
      context.progress(cat("the kept commit ", hex(commit), " is not used: ", error.message()));
    return nullptr;
  }
}

}  // namespace cullet::source
