// SPDX-License-Identifier: Apache-2.0
#include "cullet/source/edit.hpp"

#include "cullet/base/claimed_directory.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

#include "checkout.hpp"
#include "fetch.hpp"
#include "series_state.hpp"
#include "work_tree.hpp"

namespace cullet::source {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBranch = "refs/heads/edit";

/// Settings that keep git from changing bytes, and .gitattributes from asking for it.
constexpr const char* kSettings[][2] = {
    {"core.autocrlf", "false"},
    {"core.safecrlf", "false"},
    {"core.filemode", "true"},
    {"core.symlinks", "true"},
    {"core.excludesfile", "/dev/null"},
};
constexpr std::string_view kAttributes = "* -text -filter -ident -working-tree-encoding\n";

git_oid commit_state(git_repository* repository,
                     const git_oid& tree,
                     const std::optional<git_oid>& parent,
                     const std::string& message,
                     std::int64_t time) {
  Signature who;
  check(git_signature_new(out_ptr(who), "cullet edit", "edit@cullet.invalid", time, 0), "sign");
  GitTree content;
  check(git_tree_lookup(out_ptr(content), repository, &tree), "read a tree");
  Commit before;
  if (parent)
    before = find_commit(repository, *parent);
  const git_commit* parents[] = {before.get()};
  git_oid id;
  check(git_commit_create(&id,
                          repository,
                          nullptr,
                          who.get(),
                          who.get(),
                          nullptr,
                          message.c_str(),
                          content.get(),
                          before ? 1 : 0,
                          parents),
        "make a commit");
  return id;
}

/// An empty repository in `directory`, with nobody's template.
Repository make_repository(const fs::path& directory) {
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_NO_REINIT;
  options.initial_head = "edit";
  Repository repository;
  check(git_repository_init_ext(out_ptr(repository), directory.c_str(), &options),
        cat("make ", directory.string()));
  Config config;
  check(git_config_open_ondisk(out_ptr(config), (directory / ".git/config").c_str()), "configure");
  for (const auto& [key, value] : kSettings)
    check(git_config_set_string(config.get(), key, value), "configure a checkout");
  make_directories(directory / ".git/info");
  replace_file(directory / ".git/info/attributes", kAttributes);
  return repository;
}

void fill_index(git_repository* repository, const git_oid& tree_id) {
  Index index;
  GitTree tree;
  check(git_repository_index(out_ptr(index), repository), "make an index");
  check(git_tree_lookup(out_ptr(tree), repository, &tree_id), "read a tree");
  check(git_index_read_tree(index.get(), tree.get()), "make an index");
  check(git_index_write(index.get()), "write an index");
}

std::string message_of(const workspace::Patch& patch) {
  std::string body;
  for (const auto& fix : patch.fixes)
    body += cat("Fixes: ", fix, "\n");
  return cat(patch.name(), "\n\n", patch.reason, body.empty() ? "\n" : "\n\n", body);
}

}  // namespace

void make_checkout(const Context& context, const workspace::Fork& fork, const fs::path& directory) {
  with_context(
      [&] { return cat("making a checkout of fork '", fork.name, "'"); },
      [&] {
        const auto time = ensure_pin(context, fork).committer_time;
        Workbench bench(context);
        auto state = state_at(context, fork, bench, *parse_id(fork.commit));
        auto* scratch = bench.repository().get();
        Start start;
        start.fork = start_digest(context, fork);
        auto head =
            commit_state(scratch,
                         state.tree,
                         std::nullopt,
                         cat("pin of ", fork.name, " ", fork.version, "\n\n", fork.commit, "\n"),
                         time);
        start.pin = hex(head);
        for (const auto& patch : fork.patches) {
          state = patched(
              context, fork, bench, patch, read_patch(context, fork, patch).text, std::move(state));
          head = commit_state(scratch, state.tree, head, message_of(patch), time);
        }
        start.head = hex(head);
        make_directories(directory.parent_path());
        ClaimedDirectory made(directory.parent_path(), ".new");
        {
          const auto repository = make_repository(made.path());
          copy_objects(context, scratch, repository.get(), {{kBranch, head}}, {}, fork.name);
          Handle<git_reference, git_reference_free> branch;
          check(git_reference_create(
                    out_ptr(branch), repository.get(), kBranch, &head, 0, "checkout"),
                "make a branch");
          fill_index(repository.get(), state.tree);
        }
        checkout(state.files, made.path(), context.cancel);
        WorkTree::write(start, made.path());
        fs::permissions(made.path(), fs::perms{0755});
        fs::rename(made.path(), directory);
        made.release();
        sync_directory(directory.parent_path());
      });
}

bool Edits::empty() const {
  if (!dropped.empty())
    return false;
  for (std::size_t i = 0; i < series.size(); ++i)
    if (series[i].was != i || !series[i].text.empty())
      return false;
  return true;
}

namespace {

/// Matches commits with the patches of a fork, from the pin on.
class EditReader {
 public:
  EditReader(const Context& context, const workspace::Fork& fork, const WorkTree& work)
      : context_(context), fork_(fork), work_(work), bench_(context) {
    bench_.read_from(work.repository().get());
    const auto pin = find_commit(work.repository().get(), *parse_id(work.start().pin));
    tree_ = *git_commit_tree_id(pin.get());
  }

  Edits read() {
    Edits edits;
    for (const auto& commit : work_.commits()) {
      context_.cancel.check();
      const auto* summary = git_commit_summary(commit.get());
      edits.series.push_back(
          next(*git_commit_tree_id(commit.get()), summary != nullptr ? summary : ""));
    }
    const auto files = work_.files(context_.cancel);
    const auto now = bench_.write(files);
    if (git_oid_equal(&now, &tree_) == 0)
      edits.series.push_back(next(now, ""));
    for (std::size_t i = 0; i < fork_.patches.size(); ++i)
      if (!used_.contains(i))
        edits.dropped.push_back(i);
    return edits;
  }

 private:
  EditedPatch next(const git_oid& after, const std::string& subject) {
    if (git_oid_equal(&after, &tree_) != 0)
      throw Error(Kind::input, cat("the commit '", printable(subject), "' changes nothing"))
          .hint("drop it (git rebase), then save again");
    EditedPatch edited{std::nullopt, "", subject};
    for (std::size_t i = 0; i < fork_.patches.size() && !edited.was; ++i)
      if (fork_.patches[i].name() == subject && used_.insert(i).second)
        edited.was = i;
    if (!edited.was || !makes(fork_.patches[*edited.was], after)) {
      edited.text = bench_.diff(tree_, after);
      workspace::Patch made;
      made.from = workspace::Patch::File{subject.empty() ? "uncommitted changes" : subject};
      const auto result = patched(context_, fork_, bench_, made, edited.text, before());
      if (git_oid_equal(&result.tree, &after) == 0)
        throw Error(Kind::internal, cat("the patch of '", subject, "' does not make its commit"));
    }
    tree_ = after;
    return edited;
  }

  /// Whether the patch's own text makes this of the state before.
  bool makes(const workspace::Patch& patch, const git_oid& after) {
    const auto text = read_patch(context_, fork_, patch).text;
    try {
      const auto result = patched(context_, fork_, bench_, patch, text, before());
      return git_oid_equal(&result.tree, &after) != 0;
    } catch (const Error& error) {
      if (error.kind() != Kind::input)
        throw;
      return false;
    }
  }

  State before() const { return {bench_.read(tree_), tree_}; }

  const Context& context_;
  const workspace::Fork& fork_;
  const WorkTree& work_;
  Workbench bench_;
  git_oid tree_{};
  std::set<std::size_t> used_;
};

/// The work tree, if it was made from this fork and nothing is half-done in it.
WorkTree open_settled(const Context& context,
                      const workspace::Fork& fork,
                      const fs::path& directory) {
  WorkTree work(directory);
  if (work.start().fork != start_digest(context, fork))
    throw Error(Kind::input,
                cat(fork.at.file, " has changed since ", directory.string(), " was made"))
        .hint(cat("keep what you need of it elsewhere (git format-patch), then `cullet patch edit ",
                  fork.name,
                  " --abort`"));
  work.check_settled();
  return work;
}

}  // namespace

Edits read_edits(const Context& context, const workspace::Fork& fork, const fs::path& directory) {
  return with_context([&] { return cat("reading the checkout of fork '", fork.name, "'"); },
                      [&] {
                        const auto work = open_settled(context, fork, directory);
                        return EditReader(context, fork, work).read();
                      });
}

bool has_unsaved(const fs::path& directory) {
  const WorkTree work(directory);
  return hex(work.head()) != work.start().head || !work.changed().empty() ||
         git_repository_state(work.repository().get()) != GIT_REPOSITORY_STATE_NONE;
}

bool is_current(const Context& context, const workspace::Fork& fork, const fs::path& directory) {
  return WorkTree(directory).start().fork == start_digest(context, fork);
}

store::Tree prepare_edits(const Context& context,
                          const workspace::Fork& fork,
                          const fs::path& directory) {
  return with_context([&] { return cat("reading the checkout of fork '", fork.name, "'"); },
                      [&] {
                        const auto work = open_settled(context, fork, directory);
                        auto staged = context.store.stage_tree();
                        checkout(work.files(context.cancel), staged.root(), context.cancel);
                        return context.store.commit_tree(
                            std::move(staged), {}, context.threads, context.cancel);
                      });
}

}  // namespace cullet::source
