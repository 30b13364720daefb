// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/bill.hpp"

#include <algorithm>
#include <tuple>

#include "cullet/attest/purl.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::attest {

namespace {

using plan::ActionKind;

/// The node whose result a content is, or is a part of.
const plan::Node& origin_of(const plan::Plan& plan, const plan::Node& node) {
  if (node.kind != ActionKind::output)
    return node;
  return origin_of(plan, plan.nodes[node.dependencies.at(0).node]);
}

Bill::Patch patch_of(const workspace::Patch& patch,
                     const std::function<Sha256(const std::string&)>& patch_digest) {
  Bill::Patch out{patch.name(), patch.reason, patch.fixes, {}};
  if (const auto* file = std::get_if<workspace::Patch::File>(&patch.from))
    out.digest = patch_digest(file->path).str();
  else if (const auto* commit = std::get_if<workspace::Patch::Commit>(&patch.from))
    out.digest = "gitCommit:" + commit->id;
  else
    out.digest = std::get<workspace::Patch::Member>(patch.from).archive.sha256.str();
  return out;
}

Bill::Package package_of(const workspace::Fork& fork,
                         const std::function<Sha256(const std::string&)>& patch_digest) {
  Bill::Package out;
  out.name = fork.name;
  out.version = fork.version.empty() ? fork.commit : fork.version;
  out.purl = fork_purl(fork);
  const auto& origin = fork.url.empty() && !fork.import ? fork.upstream : fork.url;
  if (const auto uri = git_uri(origin); !uri.empty())
    out.download = cat(uri, "@", fork.commit);
  for (const auto& patch : fork.patches)
    out.patches.push_back(patch_of(patch, patch_digest));
  out.component = true;
  return out;
}

/// Collects packages once each, and finds them again for files.
class Collector {
 public:
  explicit Collector(const std::function<Sha256(const std::string&)>& patch_digest)
      : patch_digest_(patch_digest) {}

  void add(const Content& content, Bill& bill) {
    const auto& origin = *content.origin;
    if (origin.kind == ActionKind::component && packages_.count(id_of(*origin.fork)) == 0) {
      packages_[id_of(*origin.fork)] = package_of(*origin.fork, patch_digest_);
    } else if (origin.kind == ActionKind::packages) {
      bill.suite = origin.subject.substr(0, origin.subject.find(' '));
      for (const auto& package : origin.packages) {
        const auto purl = deb_purl(package, bill.suite);
        auto& out = packages_[{purl, {}}];
        out.name = package.name;
        out.version = package.version;
        out.purl = purl;
        out.source = package.source.empty() ? package.name : package.source;
        out.source_version =
            package.source_version.empty() ? package.version : package.source_version;
        out.sha256 = package.sha256.hex();
        debian_[package.name] = purl;
      }
    }
  }

  void finish(Bill& bill) {
    for (auto& [id, package] : packages_) {
      index_[id] = bill.packages.size();
      bill.packages.push_back(package);
    }
  }

  [[nodiscard]] std::size_t owner(const Content& content,
                                  const std::string& path,
                                  const Bill& bill) const {
    if (content.origin->kind == ActionKind::component)
      return index_.at(id_of(*content.origin->fork));
    const auto named = content.package.find(path);
    const auto found = named == content.package.end() ? debian_.end() : debian_.find(named->second);
    return found == debian_.end() ? bill.packages.size() : index_.at({found->second, {}});
  }

 private:
  /// A purl and, of a fork, its name: a patched one and one as upstream has it share their purl.
  using Id = std::pair<std::string, std::string>;
  static Id id_of(const workspace::Fork& fork) { return {fork_purl(fork), fork.name}; }

  const std::function<Sha256(const std::string&)>& patch_digest_;
  std::map<Id, Bill::Package> packages_;
  std::map<std::string, std::string> debian_;  ///< purl by name
  std::map<Id, std::size_t> index_;
};

void add_files(const Content& content, const Collector& packages, Bill& bill) {
  for (const auto& entry : content.manifest.entries()) {
    const bool link = entry.type == store::TreeEntryType::hardlink;
    if (entry.type != store::TreeEntryType::file && !link)
      continue;
    const auto* file = link ? content.manifest.find(entry.target) : &entry;
    const auto sha1 = content.sha1.find(file->path.str());
    if (sha1 == content.sha1.end())
      throw Error(Kind::internal, cat("no SHA-1 of ", file->path));
    bill.files.push_back({entry.path.str(),
                          sha1->second,
                          file->content.hex(),
                          packages.owner(content, entry.path.str(), bill)});
  }
}

/// Whether there are SHA-1s of all files, and not too many.
bool listable(const std::vector<Content>& contents) {
  std::size_t listed = 0;
  for (const auto& content : contents)
    for (const auto& entry : content.manifest.entries()) {
      const bool file = entry.type == store::TreeEntryType::file;
      if (file && content.sha1.count(entry.path.str()) == 0)
        return false;
      listed += file || entry.type == store::TreeEntryType::hardlink ? 1 : 0;
    }
  return listed <= kMostListedFiles;
}

}  // namespace

std::vector<Content> contents_of(
    const plan::Plan& plan,
    const plan::Plan::Target& target,
    const std::function<store::TreeManifest(const TreeDigest&)>& manifest) {
  constexpr std::string_view kPrefix = "tree ";
  std::vector<Content> out;
  for (const auto& dependency : plan.nodes[target.image.value()].dependencies) {
    if (dependency.label.rfind(kPrefix, 0) != 0)
      continue;
    const auto& node = plan.nodes[dependency.node];
    const auto& tree = node.record.value().trees.at(0);
    out.push_back({&origin_of(plan, node), tree, manifest(tree), {}, {}});
  }
  return out;
}

std::vector<std::string> md5sums_paths(std::string_view text) {
  constexpr std::size_t kDigits = 32;
  std::vector<std::string> out;
  for (const auto& line : split(text, '\n')) {
    if (line.size() < kDigits + 3 || line[kDigits] != ' ')
      continue;
    const auto path = RelativePath::parse(line.substr(kDigits + 2), true);
    if (!path)
      continue;
    const auto first = path->str().substr(0, path->str().find('/'));
    const bool merged = first == "bin" || first == "sbin" || first == "lib" || first == "lib32" ||
                        first == "lib64" || first == "libx32";
    out.push_back((merged ? "usr/" : "") + path->str());
  }
  return out;
}

Bill bill(const plan::Plan& plan,
          const plan::Plan::Target& target,
          const std::vector<Content>& contents,
          const std::function<Sha256(const std::string&)>& patch_digest) {
  const auto& image = plan.nodes[target.image.value()];
  Bill out;
  out.name = target.recipe->name;
  out.version = image.fork == nullptr ? std::string() : image.fork->version;
  const auto& descriptor = image.record.value().value.at("manifest");
  out.manifest = BlobDigest::parse(string_at(descriptor, "digest", "image")).value();
  Collector packages(patch_digest);
  for (const auto& content : contents)
    packages.add(content, out);
  packages.finish(out);
  out.files_left_out = !listable(contents);
  if (out.files_left_out)
    return out;
  for (const auto& content : contents)
    add_files(content, packages, out);
  std::sort(out.files.begin(), out.files.end(), [](const auto& a, const auto& b) {
    return std::tie(a.path, a.package) < std::tie(b.path, b.package);
  });
  return out;
}

}  // namespace cullet::attest
