// SPDX-License-Identifier: Apache-2.0
// libgit2's own local transport can't skip what is there already once a tag of a blob is among the
// references, sends references that nobody asked for, and can't be stopped while it counts.
#include <algorithm>

#include <git2/odb_backend.h>

#include "fetch.hpp"

namespace cullet::source {
namespace {

using WritePack = std::unique_ptr<git_odb_writepack, void (*)(git_odb_writepack*)>;

constexpr int kMaxTagDepth = 50;

struct Copying {
  const Context& context;
  git_odb_writepack* writer;
  git_indexer_progress progress{};
  std::exception_ptr failure = nullptr;
};

int stop_if_cancelled(int /*stage*/,
                      std::uint32_t /*current*/,
                      std::uint32_t /*total*/,
                      void* payload) {
  return static_cast<Copying*>(payload)->context.cancel.requested() ? GIT_EUSER : 0;
}

int append(void* bytes, std::size_t size, void* payload) {
  auto& copying = *static_cast<Copying*>(payload);
  if (copying.context.cancel.requested())
    return GIT_EUSER;
  return copying.writer->append(copying.writer, bytes, size, &copying.progress);
}

/// Adds tag objects one by one and returns the object they lead to.
Object insert_tags(git_packbuilder* builder, git_repository* from, const git_oid& id) {
  Object object;
  check(git_object_lookup(out_ptr(object), from, &id, GIT_OBJECT_ANY), "read a reference");
  for (int depth = 0; git_object_type(object.get()) == GIT_OBJECT_TAG; ++depth) {
    if (depth == kMaxTagDepth)
      throw Error(Kind::input, cat("the tag ", hex(id), " leads through too many tags"));
    check(git_packbuilder_insert(builder, git_object_id(object.get()), nullptr), "pack a tag");
    Object target;
    check(git_tag_target(out_ptr(target), reinterpret_cast<git_tag*>(object.get())),
          cat("read what the tag ", hex(id), " points at"));
    object = std::move(target);
  }
  return object;
}

bool has(git_odb* odb, const git_oid& id) {
  return git_odb_exists(odb, &id) == 1;
}

/// Writes what `fill` puts into the builder as one pack; nothing where that is nothing.
template <class Fill>
void write_pack(const Context& context,
                git_packbuilder* builder,
                git_odb* to,
                const std::string& label,
                const Fill& fill) {
  const auto doing = cat("copy the objects of ", label);
  git_odb_writepack* raw = nullptr;
  check(git_odb_write_pack(&raw, to, nullptr, nullptr), doing);
  const WritePack writer(raw, [](git_odb_writepack* pack) { pack->free(pack); });
  Copying copying{context, writer.get()};
  check(git_packbuilder_set_callbacks(builder, stop_if_cancelled, &copying), doing);
  const auto checked = [&](int code) {
    context.cancel.check();
    check(code, doing);
  };
  checked(fill());
  if (git_packbuilder_object_count(builder) == 0)
    return;
  if (context.progress)
    context.progress(
        cat("copying ", label, ": ", git_packbuilder_object_count(builder), " objects"));
  checked(git_packbuilder_foreach(builder, append, &copying));
  checked(writer->commit(writer.get(), &copying.progress));
}

}  // namespace

void copy_objects(const Context& context,
                  git_repository* from,
                  git_repository* to,
                  const References& wants,
                  const References& haves,
                  const std::string& label) {
  const auto doing = cat("copy the objects of ", label);
  Odb from_odb, to_odb;
  check(git_repository_odb(out_ptr(from_odb), from), doing);
  check(git_repository_odb(out_ptr(to_odb), to), doing);
  PackBuilder builder;
  RevWalk walk;
  check(git_packbuilder_new(out_ptr(builder), from), doing);
  check(git_revwalk_new(out_ptr(walk), from), doing);
  git_packbuilder_set_threads(builder.get(), std::max(1U, context.threads));
  for (const auto& [name, id] : wants) {
    if (has(to_odb.get(), id))
      continue;
    const auto object = insert_tags(builder.get(), from, id);
    const auto& target = *git_object_id(object.get());
    if (git_object_type(object.get()) == GIT_OBJECT_COMMIT)
      check(git_revwalk_push(walk.get(), &target), doing);
    else
      check(git_packbuilder_insert_recur(builder.get(), &target, nullptr), doing);
  }
  for (const auto& [name, id] : haves) {
    const auto commit = has(from_odb.get(), id) ? peeled_commit(from, id) : nullptr;
    if (commit)
      check(git_revwalk_hide(walk.get(), git_commit_id(commit.get())), doing);
  }
  write_pack(context, builder.get(), to_odb.get(), label, [&] {
    return git_packbuilder_insert_walk(builder.get(), walk.get());
  });
}

void copy_objects(const Context& context,
                  git_repository* from,
                  git_repository* to,
                  const std::vector<git_oid>& objects,
                  const std::string& label) {
  const auto doing = cat("copy the objects of ", label);
  Odb to_odb;
  check(git_repository_odb(out_ptr(to_odb), to), doing);
  PackBuilder builder;
  check(git_packbuilder_new(out_ptr(builder), from), doing);
  git_packbuilder_set_threads(builder.get(), std::max(1U, context.threads));
  write_pack(context, builder.get(), to_odb.get(), label, [&] {
    int code = 0;
    for (auto id = objects.begin(); id != objects.end() && code == 0; ++id)
      code = git_packbuilder_insert(builder.get(), &*id, nullptr);
    return code;
  });
}

}  // namespace cullet::source
