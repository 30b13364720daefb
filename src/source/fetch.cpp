// SPDX-License-Identifier: Apache-2.0
#include "fetch.hpp"

#include <algorithm>

#include "cullet/base/text.hpp"

#include "transport.hpp"

// git_fetch_options::depth came with libgit2 1.7.
#if defined(LIBGIT2_VERSION_MAJOR)
#define CULLET_SHALLOW 1
#elif LIBGIT2_VER_MAJOR > 1 || (LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR >= 7)
#define CULLET_SHALLOW 1
#else
#define CULLET_SHALLOW 0
#endif

namespace cullet::source {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";
constexpr std::string_view kPeeled = "^{}";
constexpr std::uint64_t kProgressStep = 256U << 10U;

/// Names that git accepts and that are no peeled "refs/tags/x^{}".
bool is_wanted(const char* name) {
  const std::string_view text = name;
  int valid = 0;
  return (text.starts_with(kHeads) || text.starts_with(kTags)) &&
         git_reference_name_is_valid(&valid, name) == 0 && valid == 1;
}

/// The mirror's references after an update: `theirs` below `into`, all others as they were.
References merged(const References& before,
                  const References& theirs,
                  const std::string& into,
                  bool all) {
  References after;
  const auto replaced = [&](const std::string& name) {
    return all && (name.starts_with(into + "heads/") || name.starts_with(into + "tags/"));
  };
  for (const auto& [name, id] : before)
    if (!replaced(name))
      after.emplace(name, id);
  for (const auto& [name, id] : theirs)
    after.insert_or_assign(into + name.substr(5), id);  // without "refs/"
  return after;
}

/// Of `theirs`, what the mirror has not got or has elsewhere.
References moved(const References& before, const References& theirs, const std::string& into) {
  References out;
  for (const auto& [name, id] : theirs) {
    const auto known = before.find(into + name.substr(5));
    if (known == before.end() || git_oid_equal(&known->second, &id) == 0)
      out.emplace(name, id);
  }
  return out;
}

References chosen(const FetchOrder& order, const Advertised& theirs) {
  return order.choose ? order.choose(theirs) : theirs.references;
}

/// A reference more; a server can say what it likes.
void add(References& references, const std::string& name, const git_oid& id, std::string_view url) {
  references.emplace(name, id);
  if (references.size() > kMostReferences)
    throw Error(Kind::machine, cat(url, " has more than ", kMostReferences, " branches and tags"))
        .hint("is it the right repository? one that is a mirror of it, with fewer, will do");
}

bool same(const References& a, const References& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& two) {
    return one.first == two.first && git_oid_equal(&one.second, &two.second) != 0;
  });
}

/// What one fetch saw, and what of it is to stand in the mirror now.
struct Fetched {
  Advertised advertised;
  References chosen;
};

Fetched fetch_local(const Context& context,
                    const Mirror& mirror,
                    const Location& location,
                    const FetchOrder& order) {
  Repository from;
  const auto doing = cat("open ", location.path);
  const int code = git_repository_open_ext(
      out_ptr(from), location.path.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  if (code == GIT_ENOTFOUND)
    throw Error(Kind::input, cat("there is no git repository at ", location.path));
  check(code, doing);
  Fetched fetched;
  auto& theirs = fetched.advertised;
  ReferenceIterator iterator;
  check(git_reference_iterator_new(out_ptr(iterator), from.get()), doing);
  const char* name = nullptr;
  int next = 0;
  while ((next = git_reference_next_name(&name, iterator.get())) == 0) {
    context.cancel.check();
    git_oid id;
    if (is_wanted(name) && git_reference_name_to_id(&id, from.get(), name) == 0)
      add(theirs.references, name, id, location.path);
  }
  if (next != GIT_ITEROVER)
    check(next, doing);
  for (const auto& [tag, id] : theirs.references)
    if (tag.starts_with(kTags))
      if (const auto commit = peeled_commit(from.get(), id))
        theirs.commits.emplace(tag, *git_commit_id(commit.get()));
  fetched.chosen = chosen(order, theirs);
  const auto before = mirror.references();
  const auto to = mirror.open();
  if (!moved(before, fetched.chosen, order.into).empty() &&
      git_repository_is_shallow(from.get()) == 1)
    throw Error(Kind::input, cat(location.path, " is a shallow clone: its history is cut off"))
        .detail("commits have parents that are missing there")
        .hint(cat("fetch the rest of it: git -C ", location.path, " fetch --unshallow"));
  if (!moved(before, fetched.chosen, order.into).empty())
    copy_objects(context, from.get(), to.get(), fetched.chosen, before, order.label);
  return fetched;
}

int on_progress(const git_indexer_progress* stats, void* payload) {
  auto& wire = *static_cast<Wire*>(payload);
  return wire.guarded([&] {
    wire.context.cancel.check();
    const bool last = stats->total_objects > 0 && stats->indexed_objects == stats->total_objects;
    if (!wire.context.progress ||
        (stats->received_bytes < wire.reported + kProgressStep && !last) ||
        stats->received_bytes == wire.reported)
      return;
    wire.reported = stats->received_bytes;
    wire.context.progress(cat("fetching ",
                              wire.label,
                              ": ",
                              human_size(stats->received_bytes),
                              ", ",
                              stats->indexed_objects,
                              " of ",
                              stats->total_objects,
                              " objects"));
  });
}

int on_message(const char* /*text*/, int /*size*/, void* payload) {
  auto& wire = *static_cast<Wire*>(payload);
  return wire.guarded([&] { wire.context.cancel.check(); });
}

/// Where a callback had thrown, libgit2's own error says nothing more.
void check_wire(int code, const Wire& wire, std::string_view doing) {
  if (wire.failure)
    std::rethrow_exception(wire.failure);
  if (code < 0)
    throw git_failure(cat(doing, " ", wire.location.url))
        .hint("check the URL, the network and the server; `git ls-remote` asks the same");
}

Advertised advertised(git_remote* remote, const Wire& wire) {
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  check_wire(git_remote_ls(&heads, &count, remote), wire, "list the references of");
  Advertised theirs;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = heads[i]->name;
    if (is_wanted(heads[i]->name))
      add(theirs.references, heads[i]->name, heads[i]->oid, wire.location.url);
    else if (name.starts_with(kTags) && name.ends_with(kPeeled))
      theirs.commits.emplace(name.substr(0, name.size() - kPeeled.size()), heads[i]->oid);
  }
  return theirs;
}

/// Asks for the one commit without its history, where a branch or tag of the remote is at it. That
/// tip then is all that the mirror knows of.
References shallow_part([[maybe_unused]] git_remote* remote,
                        [[maybe_unused]] const FetchOrder& order,
                        [[maybe_unused]] const Mirror& mirror,
                        References theirs,
                        [[maybe_unused]] git_fetch_options& options) {
#if CULLET_SHALLOW
  const auto repository = mirror.open();
  if (git_repository_is_shallow(repository.get()) == 1)
    options.depth = GIT_FETCH_DEPTH_UNSHALLOW;
  if (!order.only || !mirror.references().empty())
    return theirs;
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  check(git_remote_ls(&heads, &count, remote), "list references");
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = heads[i]->name;
    if (name.ends_with("^{}"))
      name.resize(name.size() - 3);
    const auto found = theirs.find(name);
    if (found == theirs.end() || git_oid_equal(&heads[i]->oid, &*order.only) == 0)
      continue;
    options.depth = 1;
    return {*found};
  }
#endif
  return theirs;
}

Fetched fetch_remote(const Context& context,
                     const Mirror& mirror,
                     const Location& location,
                     const GitConfig& config,
                     const FetchOrder& order) {
  if (context.http.offline())
    throw Error(Kind::machine, cat("--offline: ", location.url, " was not opened"));
  const auto repository = mirror.open();
  Wire wire{context, config, location, order.label};
  git_remote_create_options creation = GIT_REMOTE_CREATE_OPTIONS_INIT;
  creation.repository = repository.get();
  creation.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
  Remote remote;
  check(git_remote_create_with_opts(out_ptr(remote), location.url.c_str(), &creation),
        cat("use ", location.url),
        Kind::input);
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks.payload = &wire;
  options.callbacks.transport = open_transport;
  options.callbacks.transfer_progress = on_progress;
  options.callbacks.sideband_progress = on_message;
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options.update_fetchhead = 0;
  if (context.progress)
    context.progress(cat("fetching ", order.label, " from ", location.url));
  check_wire(
      git_remote_connect(remote.get(), GIT_DIRECTION_FETCH, &options.callbacks, nullptr, nullptr),
      wire,
      "connect to");
  Fetched fetched{advertised(remote.get(), wire), {}};
  fetched.chosen = chosen(order, fetched.advertised);
  if (!order.choose)
    fetched.chosen = shallow_part(remote.get(), order, mirror, std::move(fetched.chosen), options);
  const auto wanted = moved(mirror.references(), fetched.chosen, order.into);
  if (wanted.empty() && git_repository_is_shallow(repository.get()) != 1)
    return fetched;
  std::vector<std::string> specs = {cat("+", kHeads, "*:", kHeads, "*"),
                                    cat("+", kTags, "*:", kTags, "*")};
  if (order.choose || fetched.chosen.size() == 1) {
    specs.clear();
    for (const auto& [name, id] : wanted)
      specs.push_back(cat("+", name, ":", name));
  }
  std::vector<char*> pointers;
  for (auto& spec : specs)
    pointers.push_back(spec.data());
  const git_strarray refspecs{pointers.data(), pointers.size()};
  check_wire(git_remote_download(remote.get(), &refspecs, &options), wire, "fetch from");
  return fetched;
}

}  // namespace

Advertised fetch(const Context& context,
                 const Mirror& mirror,
                 const Mirror::Lock& lock,
                 const FetchOrder& order) {
  const auto config = GitConfig::load(context.environment);
  const auto location = Location::parse(config.rewritten(order.url), context.workspace);
  const auto before = mirror.references();
  auto fetched = location.type == Location::Type::local
                     ? fetch_local(context, mirror, location, order)
                     : fetch_remote(context, mirror, location, config, order);
  const auto after = merged(before, fetched.chosen, order.into, !order.choose);
  if (!same(before, after)) {
    lock.sync_packs();
    lock.write(after);
  }
  return std::move(fetched.advertised);
}

}  // namespace cullet::source
