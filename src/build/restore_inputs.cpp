// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/attest/provenance.hpp"
#include "cullet/base/claimed_directory.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/parallel.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/source/kept.hpp"

#include "fetching.hpp"

namespace cullet::build {

namespace {

namespace fs = std::filesystem;

constexpr unsigned kParallel = 4;

image::Descriptor blob_of(const Input& input) {
  return {"application/octet-stream", input.digest, input.size, {}, {}};
}

http::Options offline() {
  http::Options options;
  options.offline = true;
  return options;
}

/// Below a directory that nobody else writes to yet; the list's paths are inside of it.
void write_file(image::Repository& from, const Input& input, const fs::path& root) {
  const auto path = root / input.name;
  make_directories(path.parent_path());
  const auto file = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  FdSink sink(file.get(), path.string());
  const auto source = from.open_blob(blob_of(input));
  copy(*source, sink);
  if (::fsync(file.get()) != 0)
    throw system_error(cat("cannot sync ", path.string()), errno);
}

void bring_blob(image::Repository& from, const Input& input, store::Store& store) {
  if (store.has_blob(input.digest))
    return;
  const auto source = from.open_blob(blob_of(input));
  auto writer = store.new_blob();
  copy(*source, writer);
  writer.commit_as(input.digest, input.name);
}

void bring_blobs(image::Repository& from,
                 const std::vector<const Input*>& inputs,
                 store::Store& store,
                 const Cancel& cancel) {
  in_parallel(inputs.size(), kParallel, [&](std::size_t i) {
    cancel.check();
    with_context([&] { return cat("restoring ", printable(inputs[i]->name)); },
                 [&] { bring_blob(from, *inputs[i], store); });
  });
}

/// Throws Kind::refused where a build of the recipe would read something that is not in the list.
void check_complete(const Context& context, const InputsManifest& list) {
  std::set<std::string> has;
  for (const auto& input : list.inputs)
    has.insert(input.commit.empty() ? input.digest.str() : input.commit);
  const auto demand = [&](const std::string& id, const std::string& name) {
    if (!has.contains(id))
      throw Error(Kind::refused, cat("the kept inputs lack ", printable(name), ", ", id))
          .hint("keep them again where the image was built: `cullet inputs push`");
  };
  const auto& workspace = context.workspace;
  if (!workspace.recipes.contains(list.recipe))
    throw Error(Kind::refused,
                cat("the kept inputs lack the recipe '", printable(list.recipe), "'"));
  const auto plan = make_plan(workspace, context.lock, {list.recipe});
  for (const auto& node : plan.nodes) {
    for (const auto& package : node.packages)
      demand(package.sha256.str(), package.name);
    if (node.kind != plan::ActionKind::source)
      continue;
    for (const auto& archive : source::archives_of(*node.fork))
      demand(archive.sha256.str(), archive.name);
    const auto source_context = build::source_context(
        context, [&](const std::string& text) { context.observer.progress(node, text); });
    for (const auto& commit : source::gather(source_context, *node.fork))
      demand(commit.commit, commit.name);
  }
}

/// The way to check_complete(): the workspace as a build reads it, and no network.
class Restored {
 public:
  Restored(const fs::path& root, store::Store& store, const Cancel& cancel, Observer& observer)
      : workspace_(workspace::load(root)),
        lock_(environment::lock_of(workspace_)),
        http_(offline(), cancel),
        context_{.workspace = workspace_,
                 .lock = lock_,
                 .store = store,
                 .http = http_,
                 .cancel = cancel,
                 .observer = observer,
                 .mirrors = {},
                 .environment = {}} {}
  [[nodiscard]] const Context& context() const { return context_; }

 private:
  workspace::Workspace workspace_;
  environment::Lock lock_;
  http::Client http_;
  Context context_;
};

/// From the store's blobs: what is decompressed and unpacked has been held against its digest.
void unpack_commits(const InputsManifest& list,
                    const fs::path& root,
                    store::Store& store,
                    const Cancel& cancel,
                    Observer& observer) {
  http::Client http(offline(), cancel);
  source::Context context{.store = store,
                          .http = http,
                          .cancel = cancel,
                          .workspace = root,
                          .mirrors = {},
                          .progress = nullptr};
  for (const auto& input : list.inputs) {
    const bool change = input.kind == Input::Kind::change;
    if (input.commit.empty() || source::has_restored(context, input.commit, change))
      continue;
    observer.note(cat("restoring ", printable(input.name), ": ", human_size(input.size)));
    const auto file = store.open_blob(input.digest);
    FdSource source(file.get(), input.name);
    source::restore_commit(context, input.commit, change, source);
  }
}

/// Throws Kind::input for what is neither absent nor an empty directory that another can replace.
void demand_replaceable(const fs::path& directory) {
  std::error_code none;
  const auto refuse = [&](std::string_view why) {
    throw Error(Kind::input, cat(printable(directory.string()), " ", why))
        .hint("name a new directory");
  };
  const auto status = fs::symlink_status(directory, none);
  if (!fs::exists(status))
    return;
  if (!fs::is_directory(status) || !fs::is_empty(directory, none))
    refuse("is there already, and not empty");
  // Whoever is in it would be left in a directory that has no name any more.
  if (fs::equivalent(directory, ".", none))
    refuse("is the current directory, which can't be replaced");
  struct stat own {};
  struct stat parent {};
  if (::stat(directory.c_str(), &own) == 0 &&
      ::stat(directory.parent_path().c_str(), &parent) == 0 && own.st_dev != parent.st_dev)
    refuse("is a mount point, which can't be replaced");
}

/// "dir/" and "dir/." are "dir".
fs::path plain(const fs::path& path) {
  auto out = fs::absolute(path).lexically_normal();
  return out.has_filename() ? out : out.parent_path();
}

/// Makes a directory and its parents; those that were not there go again unless it is used, and
/// unless somebody else has put something there.
class MadeDirectories {
 public:
  /// Delegates, so that what was made before it throws goes again, too.
  explicit MadeDirectories(const fs::path& path) : MadeDirectories() {
    std::error_code none;
    for (auto one = path; one.has_relative_path() && !fs::exists(one, none);
         one = one.parent_path())
      made_.push_back(one);
    make_directories(path);
  }
  ~MadeDirectories() {
    for (const auto& one : made_)
      ::rmdir(one.c_str());
  }
  MadeDirectories(const MadeDirectories&) = delete;
  MadeDirectories& operator=(const MadeDirectories&) = delete;
  MadeDirectories(MadeDirectories&&) = delete;
  MadeDirectories& operator=(MadeDirectories&&) = delete;
  void keep() noexcept { made_.clear(); }

 private:
  MadeDirectories() = default;
  std::vector<fs::path> made_;  ///< the deepest first
};

/// Packages and archives stay as others do that a build used: commits have been unpacked, and files
/// of the workspace are in the workspace.
void record_blobs(const InputsManifest& list,
                  const std::vector<const Input*>& blobs,
                  store::Store& store) {
  store::ActionRecord record{.value = {{"recipe", list.recipe}}, .trees = {}, .blobs = {}};
  for (const auto* input : blobs)
    if (input->commit.empty())
      record.blobs.push_back(input->digest);
  store.record_action(Key(canonical_digest({{"action", "restored inputs"},
                                            {"version", 1},
                                            {"list", sha256(list.serialize()).str()}})),
                      record);
}

}  // namespace

void restore_inputs(image::Repository& from,
                    const InputsManifest& list,
                    const fs::path& workspace,
                    store::Store& store,
                    const Cancel& cancel,
                    Observer& observer,
                    const DemandedInputs* demanded) {
  with_context(
      [&] {
        return cat("restoring the inputs of ", printable(list.recipe), " from ", from.name());
      },
      [&] {
        if (demanded != nullptr)
          demanded->check(list);
        const auto target = plain(workspace);
        demand_replaceable(target);
        MadeDirectories parents(target.parent_path());
        ClaimedDirectory fresh(target.parent_path(), ".cullet-restore");
        std::vector<const Input*> blobs;
        for (const auto& input : list.inputs) {
          cancel.check();
          if (input.kind == Input::Kind::workspace)
            write_file(from, input, fresh.path());
          else
            blobs.push_back(&input);
        }
        bring_blobs(from, blobs, store, cancel);
        unpack_commits(list, fresh.path(), store, cancel, observer);
        {
          const Restored restored(fresh.path(), store, cancel, observer);
          check_complete(restored.context(), list);
        }
        record_blobs(list, blobs, store);
        if (::chmod(fresh.path().c_str(), 0755) != 0 ||
            ::rename(fresh.path().c_str(), target.c_str()) != 0)
          throw system_error(cat("cannot make ", target.string()), errno);
        fresh.release();
        parents.keep();
        sync_directory(target.parent_path());
      });
}

}  // namespace cullet::build
