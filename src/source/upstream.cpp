// SPDX-License-Identifier: Apache-2.0
#include "cullet/source/upstream.hpp"

#include "cullet/base/text.hpp"
#include "cullet/source/version.hpp"

#include "fetch.hpp"
#include "history.hpp"
#include "location.hpp"
#include "origin.hpp"
#include "track.hpp"

namespace cullet::source {
namespace {

constexpr std::int64_t kDay = 86'400;

class Comparison {
 public:
  Comparison(const Context& context, const workspace::Fork& fork, const UpstreamWish& wish)
      : context_(context), fork_(fork), wish_(wish), mirror_(mirror_of(context, fork)) {
    const auto origin = origin_of(fork);
    imported_ = origin.imported;
    same_ = !imported_ && origin.url == fork.upstream;
    wants_tree_ = !imported_ || wish.tree || !wish.at.empty() || !fork.patches.empty();
  }

  UpstreamState run() {
    if (wants_tree_)
      ensure_pin(context_, fork_);
    ask();
    if (!wish_.at.empty())
      aim_at(wish_.at);
    if (wants_tree_)
      find_commits();
    if (imported_)
      compare_versions();
    else
      compare_history();
    const bool same_commit = state_.newest.commit == fork_.commit;
    if (wants_tree_ && !same_commit && (state_.has_news() || !wish_.at.empty()))
      state_.patches = carry(context_, fork_, state_.newest.commit);
    return std::move(state_);
  }

 private:
  /// The one request; more only for what has moved.
  void ask() {
    const auto lock = mirror_.lock();
    FetchOrder order{
        fork_.upstream, same_ ? "refs/" : "refs/upstream/", fork_.name + " (upstream)", {}, {}};
    if (imported_)
      order.choose = [&](const Advertised& theirs) { return of_an_import(theirs); };
    const auto theirs = fetch(context_, mirror_, lock, order);
    auto followed = followed_in(theirs);
    if (!followed)
      return;
    state_.followed = std::move(followed->rule);
    state_.newest = std::move(followed->newest);
    state_.notes = std::move(followed->notes);
  }

  /// What the rule leads to. It may match nothing where it is not asked for.
  std::optional<Followed> followed_in(const Advertised& theirs) const {
    try {
      return follow(fork_, theirs);
    } catch (const Error& error) {
      if (wish_.at.empty() || error.kind() != Kind::input)
        throw;
      return std::nullopt;
    }
  }

  /// As few as will do: an import has no history that could be of use.
  References of_an_import(const Advertised& theirs) const {
    for (const auto* below : {"refs/tags/", "refs/heads/"})
      if (const auto at = theirs.references.find(below + wish_.at); at != theirs.references.end())
        return {*at};
    if (!wish_.at.empty())
      return theirs.references;  // a commit: any of them may lead to it
    const auto followed = follow(fork_, theirs);
    return wants_tree_ ? References{*theirs.references.find(followed.reference)} : References{};
  }

  void aim_at(const std::string& name) {
    const auto references = mirror_.references();
    const bool tag = references.contains("refs/tags/" + name) ||
                     references.contains("refs/upstream/tags/" + name);
    state_.newest = {
        tag, name, resolve_commit(context_, fork_, name), tag ? version_of(fork_, name) : ""};
  }

  void find_commits() {
    repository_ = mirror_.open();
    pin_ = find_commit(repository_.get(), parse_id(fork_.commit).value());
    newest_ = peeled_commit(repository_.get(), parse_id(state_.newest.commit).value());
    if (!newest_)
      throw Error(Kind::input,
                  cat(state_.newest.tag ? "tag " : "branch ",
                      printable(state_.newest.name),
                      " of ",
                      shown(fork_.upstream),
                      " leads to no commit"));
    state_.newest.commit = hex(*git_commit_id(newest_.get()));
    if (pin_)
      state_.days = (git_commit_time(newest_.get()) - git_commit_time(pin_.get())) / kDay;
  }

  /// Whether the pin's version is higher than the newest; nullopt where either is unknown.
  std::optional<std::weak_ordering> by_version() const {
    const auto pinned = Version::parse(fork_.version);
    const auto newest = Version::parse(state_.newest.version);
    return pinned && newest ? std::optional(*pinned <=> *newest) : std::nullopt;
  }

  void compare_versions() {
    if (wish_.at.empty())
      state_.notes.emplace_back(
          "an import has no history in common with upstream: how many commits it is behind can't "
          "be known");
    const auto order = by_version();
    if (!order)
      state_.notes.emplace_back(fork_.version.empty()
                                    ? "the pin has no version: whether it is behind can't be known"
                                    : "a branch has no version: whether the pin is behind can't "
                                      "be known");
    else if (*order < 0)
      state_.standing = Standing::behind;
    else
      state_.standing = *order > 0 ? Standing::ahead : Standing::current;
  }

  void compare_history() {
    const auto* pin = git_commit_id(pin_.get());
    const auto* newest = git_commit_id(newest_.get());
    std::size_t ahead = 0, behind = 0;
    check(git_graph_ahead_behind(&ahead, &behind, repository_.get(), pin, newest),
          cat("compare ", fork_.commit, " with ", state_.newest.commit));
    state_.commits = behind;
    state_.standing = behind == 0 ? Standing::current : Standing::behind;
    const auto order = by_version();
    if (order && *order > 0 && wish_.at.empty()) {
      state_.standing = Standing::ahead;
      state_.notes.push_back(
          cat("the pin's version ", fork_.version, " is higher than any that upstream has"));
    }
    if (order && *order < 0 && behind == 0 && wish_.at.empty()) {
      // Either the pin's version is not what it is, or the tag is one of another kind.
      state_.standing = Standing::unknown;
      state_.notes.push_back(
          cat("the pin has all that ",
              printable(state_.newest.name),
              " has, yet its version ",
              fork_.version,
              " is lower: say in ",
              fork_.at.file,
              " which tags to follow (track: { tags: 'v*' }), or what version the pin is"));
    }
    const auto prefixes =
        same_ ? own_references()
              : std::vector<std::string>{"refs/upstream/heads/", "refs/upstream/tags/"};
    if (!is_reachable(repository_.get(), mirror_.references(), *pin, prefixes))
      note_unreachable(ahead);
    else if (ahead > 0)
      state_.notes.push_back(
          cat("the pin has ", ahead, " commits that ", printable(state_.newest.name), " has not"));
  }

  void note_unreachable(std::size_t ahead) {
    if (same_) {
      state_.standing = Standing::rewritten;
      state_.notes.emplace_back(
          "upstream has rewritten its history: the pin is on none of its branches and tags any "
          "more");
      return;
    }
    git_oid base;
    const bool shared =
        git_merge_base(
            &base, repository_.get(), git_commit_id(pin_.get()), git_commit_id(newest_.get())) == 0;
    state_.notes.push_back(shared ? cat("the pin is not in upstream's history: it has ",
                                        ahead,
                                        " commits of its own since ",
                                        short_id(hex(base)))
                                  : std::string("the pin has no history in common with upstream"));
  }

  const Context& context_;
  const workspace::Fork& fork_;
  const UpstreamWish& wish_;
  Mirror mirror_;
  bool imported_ = false, same_ = false, wants_tree_ = false;
  Repository repository_;
  Commit pin_, newest_;
  UpstreamState state_;
};

}  // namespace

std::string_view name(Standing standing) {
  switch (standing) {
    case Standing::current:
      return "current";
    case Standing::behind:
      return "behind";
    case Standing::ahead:
      return "ahead";
    case Standing::rewritten:
      return "rewritten";
    case Standing::unknown:
      break;
  }
  return "unknown";
}

bool UpstreamState::has_news() const {
  return standing == Standing::behind || standing == Standing::rewritten ||
         (standing == Standing::unknown && commits != 0U);
}

UpstreamState check_upstream(const Context& context,
                             const workspace::Fork& fork,
                             const UpstreamWish& wish) {
  return with_context([&] { return cat("asking the upstream of fork '", fork.name, "'"); },
                      [&] {
                        if (fork.upstream.empty())
                          throw Error(Kind::input, cat("fork '", fork.name, "' has no `upstream`"))
                              .hint(cat("add its git URL to ", fork.at.file));
                        return Comparison(context, fork, wish).run();
                      });
}

}  // namespace cullet::source
