// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "cullet/archive/compression.hpp"
#include "cullet/attest/provenance.hpp"
#include "cullet/base/error.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/source/kept.hpp"

#include "fetching.hpp"

namespace cullet::build {

namespace {

/// Version of what a packed commit is.
constexpr int kPackVersion = 1;
constexpr std::string_view kForks = "forks/";

/// The target's files, and those that they name: a workspace is read as a whole, and a recipe's
/// image may be made of others that the target doesn't need.
std::set<std::string> kept_files(const Context& context,
                                 const plan::Plan& plan,
                                 const plan::Plan::Target& target) {
  const auto& workspace = context.workspace;
  const auto read = attest::workspace_files(plan, target);
  std::set<std::string> files(read.begin(), read.end());
  std::vector<const workspace::Recipe*> open;
  for (const auto& [name, recipe] : workspace.recipes)
    if (files.contains(recipe.at.file))
      open.push_back(&recipe);
  while (!open.empty()) {
    const auto& recipe = *open.back();
    open.pop_back();
    if (!recipe.fork.empty())
      files.insert(workspace.forks.at(recipe.fork).at.file);
    const auto name = [&](const workspace::OutputRef& ref) {
      const auto& named = workspace.recipes.at(ref.recipe);
      if (files.insert(named.at.file).second)
        open.push_back(&named);
    };
    for (const auto& need : recipe.needs)
      name(need);
    if (recipe.image)
      for (const auto& content : recipe.image->contents)
        if (const auto* ref = std::get_if<workspace::OutputRef>(&content))
          name(*ref);
  }
  return files;
}

/// A file of the workspace as the plan was made from it.
Input workspace_input(const Context& context, const plan::Plan& plan, const std::string& path) {
  std::string text;
  if (const auto patch = plan.patches.find(path); patch != plan.patches.end()) {
    text = source::read_patch_file(context.workspace.root, path.substr(kForks.size()));
    if (sha256(text) != patch->second)
      throw Error(Kind::input, cat(path, " was changed during the build"))
          .hint("run the command again");
  } else if (const auto read = context.workspace.files.find(path);
             read != context.workspace.files.end()) {
    text = read->second;
  } else {
    throw Error(Kind::input, cat("there is no file ", path, " in the workspace"));
  }
  return {Input::Kind::workspace, path, {}, context.store.put_blob(text), text.size()};
}

Input blob_input(const Context& context,
                 Input::Kind kind,
                 const std::string& name,
                 const BlobDigest& digest) {
  return {kind, name, {}, digest, context.store.blob_size(digest).value()};
}

/// Packs a commit once; the store remembers it by its id.
Input commit_input(const Context& context,
                   const source::Context& source_context,
                   const source::SourceCommit& commit) {
  const archive::Compression compression;
  const Key key(canonical_digest({{"action", "pack commit"},
                                  {"version", kPackVersion},
                                  {"commit", commit.commit},
                                  {"change", commit.change},
                                  {"compression", archive::describe(compression)}}));
  const auto kind = commit.change ? Input::Kind::change : Input::Kind::commit;
  const auto input = [&](const BlobDigest& digest) {
    auto out = blob_input(context, kind, commit.name, digest);
    out.commit = commit.commit;
    return out;
  };
  if (const auto record = context.store.find_action(key))
    return input(record->blobs.at(0));
  auto writer = context.store.new_blob();
  const auto compressor = archive::compress(compression, writer, context.jobs);
  source::write_commit(source_context, commit, *compressor);
  compressor->finish();
  const auto digest = writer.commit();
  context.store.record_action(key,
                              {.value = {{"blob", digest.str()}}, .trees = {}, .blobs = {digest}});
  return input(digest);
}

void add_fork(const Context& context, const plan::Node& node, std::vector<Input>& inputs) {
  const auto source_context = build::source_context(
      context, [&](const std::string& text) { context.observer.progress(node, text); });
  for (const auto& commit : source::gather(source_context, *node.fork))
    inputs.push_back(commit_input(context, source_context, commit));
  for (const auto& archive : source::archives_of(*node.fork))
    inputs.push_back(
        blob_input(context, Input::Kind::archive, archive.name, BlobDigest(archive.sha256)));
}

void add_packages(const Context& context, const plan::Node& node, std::vector<Input>& inputs) {
  fetch_packages(context, rootfs_context(context, nullptr), node.packages);
  for (const auto& package : node.packages)
    inputs.push_back(blob_input(context,
                                Input::Kind::package,
                                package.path.substr(package.path.rfind('/') + 1),
                                package.sha256));
}

}  // namespace

InputsManifest collect_inputs(const Context& context,
                              const plan::Plan& plan,
                              const plan::Plan::Target& target) {
  return with_context(cat("collecting the inputs of ", target.recipe->name), [&] {
    InputsManifest list;
    list.recipe = target.recipe->name;
    auto& inputs = list.inputs;
    for (const auto& path : kept_files(context, plan, target))
      inputs.push_back(workspace_input(context, plan, path));
    for (const auto index : attest::nodes_of(plan, target)) {
      context.cancel.check();
      const auto& node = plan.nodes[index];
      if (node.kind == plan::ActionKind::source)
        add_fork(context, node, inputs);
      else if (!node.packages.empty())
        add_packages(context, node, inputs);
    }
    std::sort(inputs.begin(), inputs.end());
    inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
    return list;
  });
}

}  // namespace cullet::build
