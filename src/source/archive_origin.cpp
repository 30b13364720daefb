// SPDX-License-Identifier: Apache-2.0
#include "archive_origin.hpp"

#include <fcntl.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/http/fetch.hpp"

namespace cullet::source {
namespace {

constexpr std::string_view kDebianSource = "debian-source";

bool is_url(std::string_view from) {
  return from.find("://") != from.npos;
}

/// The URLs that one entry of `from` stands for.
std::vector<std::string> urls_of(const Context& context,
                                 const workspace::Archive& archive,
                                 const std::string& from) {
  if (from != kDebianSource)
    return {from};
  if (archive.path.empty())
    throw Error(Kind::input, cat("'debian-source' needs the pool path of ", archive.name));
  std::vector<std::string> urls;
  for (auto mirror : context.mirrors) {
    while (mirror.ends_with('/'))
      mirror.pop_back();
    urls.push_back(cat(mirror, "/", archive.path));
  }
  if (urls.empty())
    throw Error(Kind::machine, "no Debian mirror is configured")
        .hint("add `mirrors:` to cullet.yaml");
  return urls;
}

void from_urls(const Context& context,
               const workspace::Archive& archive,
               const std::vector<std::string>& urls) {
  http::Download download;
  download.urls = urls;
  download.digest = BlobDigest(archive.sha256);
  download.size = archive.size;
  download.name = archive.name;
  http::fetch(context.http,
              context.store,
              {download},
              1,
              context.cancel,
              [&](std::uint64_t done, std::uint64_t total) {
                if (context.progress)
                  context.progress(cat("fetching ",
                                       archive.name,
                                       ": ",
                                       human_size(done),
                                       total > 0 ? cat(" of ", human_size(total)) : ""));
              });
}

void from_workspace(const Context& context,
                    const workspace::Archive& archive,
                    const std::string& path) {
  const auto root = open_directory(context.workspace);
  const auto file = open_beneath(root.get(), path, O_RDONLY, true);
  if (!file)
    throw Error(Kind::input, cat("there is no file ", path, " in the workspace"));
  auto blob = context.store.new_blob();
  FdSource source(file->get(), path);
  copy(source, blob);
  blob.commit_as(BlobDigest(archive.sha256), path);
}

/// Which of several failures the user hears of: wrong bytes before silence before absence.
int weight(Kind kind) {
  switch (kind) {
    case Kind::refused:
      return 2;
    case Kind::machine:
      return 1;
    default:
      return 0;
  }
}

/// It may be nowhere else by now, so that collecting must not take it before it was not used for a
/// while: finding a record marks it as used.
void keep(store::Store& store, const BlobDigest& digest) {
  const Key key(canonical_digest({{"action", "archive"}, {"digest", digest.str()}}));
  if (!store.find_action(key))
    store.record_action(key, {.value = Json::object(), .trees = {}, .blobs = {digest}});
}

void bring(const Context& context, const workspace::Archive& archive) {
  const BlobDigest digest(archive.sha256);
  if (context.store.has_blob(digest) || (context.kept_archive && context.kept_archive(digest)))
    return;
  std::vector<Error> failures;
  for (const auto& from : archive.from) {
    try {
      if (from == kDebianSource || is_url(from))
        from_urls(context, archive, urls_of(context, archive, from));
      else
        from_workspace(context, archive, from);
      return;
    } catch (const Error& error) {
      if (error.kind() == Kind::interrupted || error.kind() == Kind::internal)
        throw;
      failures.push_back(error);
    }
  }
  if (failures.size() == 1)
    throw Error(failures.front());
  auto kind = Kind::input;
  for (const auto& failure : failures)
    if (weight(failure.kind()) > weight(kind))
      kind = failure.kind();
  auto error = Error(kind, cat("the archive ", archive.name, " was not found"));
  for (const auto& failure : failures) {
    error.detail(failure.message());
    for (const auto& detail : failure.details())
      error.detail(detail);
  }
  throw std::move(error).hint("add a place that has it to 'from'");
}

}  // namespace

BlobDigest find_archive(const Context& context, const workspace::Archive& archive) {
  const BlobDigest digest(archive.sha256);
  bring(context, archive);
  keep(context.store, digest);
  return digest;
}

}  // namespace cullet::source
