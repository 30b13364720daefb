// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/statements.hpp"

#include <fcntl.h>

#include "cullet/attest/bill.hpp"
#include "cullet/attest/provenance.hpp"
#include "cullet/attest/statement_time.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/sha1.hpp"

namespace cullet::build {

namespace {

/// Version of what a record of SHA-1s holds.
constexpr int kSha1Version = 2;
constexpr std::uint64_t kMaxListBytes = std::uint64_t{64} << 20U;
/// Of the document: a bundle has it in base64, and must stay below what verifiers read.
constexpr std::uint64_t kMaxSbomBytes = trust::kMaxAttestationBytes * 7 / 10;

/// Of a tree's files, in the order of its manifest: paths need not be UTF-8, as JSON's names must.
using Sha1s = std::vector<std::string>;

Sha1s hash_files(const Context& context, const attest::Content& content) {
  const auto tree = context.store.tree(content.tree);
  const auto root = open_directory(tree.root);
  Sha1s out;
  for (const auto& entry : content.manifest.entries()) {
    if (entry.type != store::TreeEntryType::file)
      continue;
    context.cancel.check();
    const auto file = open_beneath(root.get(), entry.path.str(), O_RDONLY, false);
    if (!file)
      throw Error(Kind::machine, cat("tree ", content.tree, " has lost ", entry.path))
          .hint("run `cullet store check`");
    FdSource source(file->get(), entry.path.str());
    VerifyingSource verified(source, entry.content, entry.size);
    out.push_back(sha1_hex(verified));
  }
  return out;
}

/// The SHA-1s of a tree's files; the list is a blob of the store, kept by its action's record.
Sha1s sha1s_of(const Context& context, const attest::Content& content) {
  const Key key(canonical_digest(
      {{"action", "sha1"}, {"version", kSha1Version}, {"tree", content.tree.str()}}));
  if (const auto record = context.store.find_action(key)) {
    const auto text = context.store.read_blob(record->blobs.at(0), kMaxListBytes);
    return parse_json(text, "the list of SHA-1s", kMaxListBytes).get<Sha1s>();
  }
  auto list = hash_files(context, content);
  const auto blob = context.store.put_blob(canonical(list));
  context.store.record_action(key, {.value = {{"blob", blob.str()}}, .trees = {}, .blobs = {blob}});
  return list;
}

/// The same, by path.
std::map<std::string, std::string> sha1_by_path(const Context& context,
                                                const attest::Content& content) {
  const auto list = sha1s_of(context, content);
  std::map<std::string, std::string> out;
  std::size_t next = 0;
  for (const auto& entry : content.manifest.entries())
    if (entry.type == store::TreeEntryType::file)
      out[entry.path.str()] = list.at(next++);
  return out;
}

/// Which package each file is of, as the packages' own lists say. They leave conffiles out, which
/// then count as the image's own.
std::map<std::string, std::string> packages_of(const Context& context, const plan::Node& packages) {
  std::map<std::string, std::string> out;
  const auto tree = context.store.tree(packages.record.value().trees.at(0));
  const auto root = open_directory(tree.root);
  for (const auto& package : packages.packages) {
    const auto path = "var/lib/dpkg/status.d/" + package.name + ".md5sums";
    const auto file = open_beneath(root.get(), path, O_RDONLY, false);
    if (!file)
      continue;
    FdSource source(file->get(), path);
    for (auto& held : attest::md5sums_paths(read_all(source, kMaxListBytes, path)))
      out[std::move(held)] = package.name;
    out[path] = package.name;
    out["var/lib/dpkg/status.d/" + package.name] = package.name;
  }
  return out;
}

std::vector<attest::Content> described(const Context& context,
                                       const plan::Plan& plan,
                                       const plan::Plan::Target& target) {
  auto contents = attest::contents_of(
      plan, target, [&](const TreeDigest& tree) { return context.store.manifest(tree); });
  std::size_t entries = 0;
  for (const auto& content : contents)
    entries += content.manifest.entries().size();
  for (auto& content : contents) {
    if (entries <= 2 * attest::kMostListedFiles)
      content.sha1 = sha1_by_path(context, content);
    if (content.origin->kind == plan::ActionKind::packages)
      content.package = packages_of(context, *content.origin);
  }
  return contents;
}

Json sbom(attest::Bill& bill, const StatementOptions& options) {
  auto document = attest::spdx(bill, options.version, options.finished);
  if (canonical(document).size() <= kMaxSbomBytes)
    return document;
  bill.files.clear();
  bill.files_left_out = true;
  return attest::spdx(bill, options.version, options.finished);
}

}  // namespace

std::vector<Statement> statements(const Context& context,
                                  const plan::Plan& plan,
                                  const plan::Plan::Target& target,
                                  const StatementOptions& options) {
  return with_context(
      [&] { return cat("describing the image of ", target.recipe->name); },
      [&] {
        attest::Circumstances circumstances;
        circumstances.builder = context.workspace.config.builder;
        circumstances.version = options.version;
        circumstances.started = options.started;
        circumstances.finished = options.finished;
        circumstances.files = workspace_files(context.workspace, plan, target);
        auto bill = attest::bill(
            plan, target, described(context, plan, target), [&](const std::string& path) {
              return circumstances.files.at("forks/" + path);
            });
        std::vector<Statement> out{
            {{std::string(attest::kProvenanceType),
              attest::provenance(plan, target, circumstances)},
             attest::same_provenance},
            {{std::string(attest::kSpdxType), sbom(bill, options)}, attest::same_sbom}};
        if (options.cyclonedx)
          out.push_back({{std::string(attest::kCycloneDxType),
                          attest::cyclonedx(bill, options.version, options.finished)},
                         attest::same_sbom});
        return out;
      });
}

bool attach(image::Repository& to,
            const image::Descriptor& manifest,
            const Statements& statements) {
  if (!statements.public_key)
    return false;
  std::optional<trust::PrivateKey> key;
  bool added = false;
  for (const auto& statement : statements.list) {
    const auto there =
        trust::attestations(to, manifest, {*statements.public_key}, statement.claim.predicate_type);
    if (attest::is_said(there, statement.claim, statement.same))
      continue;
    if (!key) {
      key = statements.private_key();
      trust::demand_pair(*key, *statements.public_key, statements.key_file);
    }
    trust::add_attestation(to, manifest, *key, statement.claim);
    added = true;
  }
  return added;
}

std::map<std::string, Sha256> workspace_files(const workspace::Workspace& workspace,
                                              const plan::Plan& plan,
                                              const plan::Plan::Target& target) {
  std::map<std::string, Sha256> files;
  for (const auto& path : attest::workspace_files(plan, target)) {
    if (const auto patch = plan.patches.find(path); patch != plan.patches.end())
      files[path] = patch->second;
    else if (const auto read = workspace.files.find(path); read != workspace.files.end())
      files[path] = sha256(read->second);
    else
      throw Error(Kind::input, cat("there is no file ", path, " in the workspace"));
  }
  return files;
}

}  // namespace cullet::build
