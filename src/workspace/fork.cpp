// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/path.hpp"

#include "fields.hpp"
#include "scalars.hpp"
#include "values.hpp"

namespace cullet::workspace {
namespace {

constexpr auto kOptional = Presence::optional;
constexpr auto kRequired = Presence::required;

/// A file's name, or its pool path: the name is then the path's end.
void read_archive_name(const Node& node, Archive& archive) {
  if (!archive.name.empty())
    throw error_at(node.at(), "an archive has one of 'archive' and 'name', not both");
  const auto path = RelativePath::parse(read_line(node));
  if (!path)
    reject(node, "the name of a file, or its path below a Debian mirror");
  archive.name = path->name();
  if (path->parent() && archive.path.empty())
    archive.path = path->str();
}

constexpr Field<Archive> kArchive[] = {
    {"archive", kOptional, read_archive_name},
    {"name", kOptional, read_archive_name},
    {"sha256",
     kRequired,
     [](const Node& n, Archive& a) {
       a.sha256 = *Sha256::parse_hex(read_hex(n, 64, "a SHA-256"));
     }},
    {"size", kOptional, [](const Node& n, Archive& a) { a.size = read_number(n, 1, 0xFFFFFFFFU); }},
    {"path", kOptional, [](const Node& n, Archive& a) { a.path = read_workspace_path(n); }},
    {"from",
     kRequired,
     [](const Node& n, Archive& a) { a.from = read_filled_set(n, read_archive_origin); }},
};

/// Where Debian keeps a source's files: pool/main/z/zlib/, pool/main/libf/libfoo/.
std::string pool_path(const Archive& archive, const Node& node) {
  const auto source = archive.name.substr(0, archive.name.find('_'));
  if (source.size() == archive.name.size() || source.empty())
    throw error_at(node.at(), cat("'debian-source' needs 'path' for '", archive.name, "'"))
        .hint("the path below a Debian mirror, as pool/main/z/zlib/NAME");
  const bool library = source.size() > 3 && source.compare(0, 3, "lib") == 0;
  return cat("pool/main/", source.substr(0, library ? 4 : 1), "/", source, "/", archive.name);
}

Archive read_archive(const Node& node, std::string_view what) {
  Archive archive;
  archive.at = node.at();
  read_fields(node, what, kArchive, archive);
  if (archive.name.empty())
    throw error_at(node.at(), cat(what, " needs 'archive': the name of the file"));
  const bool debian =
      std::find(archive.from.begin(), archive.from.end(), "debian-source") != archive.from.end();
  if (debian && archive.path.empty())
    archive.path = pool_path(archive, node);
  return archive;
}

/// A patch while its keys are read: `path` belongs to the archive, which may come after it.
struct PatchParts {
  Patch patch;
  std::string file, commit, path;
  std::optional<Archive> archive;
  std::int64_t added = 0;
};

constexpr Field<PatchParts> kPatch[] = {
    {"file", kOptional, [](const Node& n, PatchParts& p) { p.file = read_workspace_path(n); }},
    {"commit",
     kOptional,
     [](const Node& n, PatchParts& p) { p.commit = read_hex(n, 40, "a commit"); }},
    {"archive",
     kOptional,
     [](const Node& n, PatchParts& p) { p.archive = read_archive(n, "the archive of a patch"); }},
    {"path", kOptional, [](const Node& n, PatchParts& p) { p.path = read_workspace_path(n); }},
    {"strip",
     kOptional,
     [](const Node& n, PatchParts& p) { p.patch.strip = static_cast<int>(read_number(n, 0, 16)); }},
    {"fixes",
     kOptional,
     [](const Node& n, PatchParts& p) { p.patch.fixes = read_set(n, read_advisory); }},
    {"reason", kRequired, [](const Node& n, PatchParts& p) { p.patch.reason = read_prose(n); }},
    {"by", kOptional, [](const Node& n, PatchParts& p) { p.patch.by = read_line(n); }},
    {"sha256",
     kOptional,
     [](const Node& n, PatchParts& p) {
       p.patch.sha256 = Sha256::parse_hex(read_hex(n, 64, "a SHA-256"));
     }},
    {"picked",
     kOptional,
     [](const Node& n, PatchParts& p) {
       p.patch.picked =
           read_filled_set(n, [](const Node& id) { return read_hex(id, 40, "a commit"); });
     }},
    {"added",
     kOptional,
     [](const Node& n, PatchParts& p) {
       p.added = read_date(n);
       p.patch.added = n.scalar;
     }},
    {"expires", kOptional, [](const Node& n, PatchParts& p) { p.patch.expires = read_date(n); }},
};

Patch read_patch(const Node& node) {
  PatchParts parts;
  read_fields(node, "a patch", kPatch, parts);
  auto& patch = parts.patch;
  patch.at = node.at();
  if (int(!parts.file.empty()) + int(!parts.commit.empty()) + int(parts.archive.has_value()) != 1)
    throw error_at(node.at(), "a patch needs exactly one of 'file', 'commit' and 'archive'");
  if (parts.archive.has_value() == parts.path.empty())
    throw error_at(node.at(),
                   parts.archive ? "a patch from an archive needs 'path': its path in there"
                                 : "'path' of a patch needs 'archive'");
  if (patch.expires && !patch.added.empty() && *patch.expires < parts.added)
    throw error_at(find(node, "expires")->at(), "a patch can't expire before it was added");
  if (!parts.file.empty())
    patch.from = Patch::File{parts.file};
  else if (!parts.commit.empty())
    patch.from = Patch::Commit{parts.commit};
  else
    patch.from = Patch::Member{std::move(*parts.archive), parts.path};
  return patch;
}

std::vector<Patch> read_patches(const Node& node) {
  auto patches = read_list(node, read_patch);
  for (std::size_t i = 0; i < patches.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (patches[i].name() == patches[k].name())
        throw error_at(patches[i].at, cat("the patch '", patches[i].name(), "' is listed twice"))
            .detail(cat("first at ", patches[k].at.str()));
  return patches;
}

std::string read_ref_pattern(const Node& node) {
  auto text = read_line(node);
  if (text.find_first_of(" \t~^:\\") != std::string::npos || text.find("..") != std::string::npos ||
      text[0] == '-')
    reject(node, "the name of a branch or tag, or a pattern with * and ?");
  return text;
}

using Track = std::map<std::string, std::string>;
constexpr Field<Track> kTrack[] = {
    {"tags", kOptional, [](const Node& n, Track& t) { t["tags"] = read_ref_pattern(n); }},
    {"branch", kOptional, [](const Node& n, Track& t) { t["branch"] = read_ref_pattern(n); }},
};

constexpr Field<Fork> kPin[] = {
    {"commit", kRequired, [](const Node& n, Fork& f) { f.commit = read_hex(n, 40, "a commit"); }},
    {"version", kOptional, [](const Node& n, Fork& f) { f.version = read_version(n); }},
};

constexpr Field<Fork> kFork[] = {
    {"upstream", kOptional, [](const Node& n, Fork& f) { f.upstream = read_git_url(n); }},
    {"track",
     kOptional,
     [](const Node& n, Fork& f) {
       read_fields(n, "'track'", kTrack, f.track);
       if (f.track.size() != 1)
         throw error_at(n.at(), "'track' needs exactly one of 'tags' and 'branch'");
     }},
    {"url", kOptional, [](const Node& n, Fork& f) { f.url = read_git_url(n); }},
    {"import", kOptional, [](const Node& n, Fork& f) { f.import = read_archive(n, "'import'"); }},
    {"pin", kRequired, [](const Node& n, Fork& f) { read_fields(n, "'pin'", kPin, f); }},
    {"patches", kOptional, [](const Node& n, Fork& f) { f.patches = read_patches(n); }},
};

}  // namespace

std::string Patch::name() const {
  if (const auto* file = std::get_if<File>(&from))
    return file->path;
  if (const auto* commit = std::get_if<Commit>(&from))
    return commit->id;
  const auto& member = std::get<Member>(from);
  return cat(member.archive.name, ":", member.path);
}

Fork parse_fork(std::string_view text, const std::string& file, const std::string& name) {
  const auto document = parse_document(text, file);
  Fork fork;
  fork.name = name;
  fork.at = document.at();
  read_fields(document, "a fork", kFork, fork);
  if (fork.url.empty() && !fork.import)
    throw error_at(fork.at, "a fork needs 'url' or 'import': where it comes from");
  if (!fork.track.empty() && fork.upstream.empty())
    throw error_at(find(document, "track")->at(), "'track' needs 'upstream'");
  return fork;
}

}  // namespace cullet::workspace
