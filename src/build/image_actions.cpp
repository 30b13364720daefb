// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/archive/compression.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/fixed_time.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/image_parts.hpp"
#include "cullet/image/layer.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/plan/carried.hpp"

#include "actions.hpp"
#include "package_notes.hpp"

namespace cullet::build {

namespace {

std::int64_t created(const plan::Plan& plan, const plan::Node& node) {
  std::optional<std::int64_t> newest;
  for (const auto& dependency : node.dependencies)
    if (dependency.field == "epoch") {
      const auto epoch =
          plan.nodes[dependency.node].record.value().value.at("epoch").get<std::int64_t>();
      newest = std::max(newest.value_or(epoch), epoch);
    }
  // An image may hold nothing but packages.
  return newest.value_or(kFixedTime);
}

struct LayerResult {
  std::string title;
  image::Descriptor blob;
  DiffId diff_id;
};

std::vector<LayerResult> layers_of(const plan::Plan& plan, const plan::Node& node) {
  constexpr std::string_view kPrefix = "layer ";
  std::vector<LayerResult> layers;
  for (const auto& dependency : node.dependencies) {
    if (dependency.label.rfind(kPrefix, 0) != 0)
      continue;
    const auto& value = plan.nodes[dependency.node].record.value().value;
    layers.push_back({dependency.label.substr(kPrefix.size()),
                      image::Descriptor::parse(object_at(value, "blob", "layer"), "layer"),
                      DiffId::parse(string_at(value, "diffID", "layer")).value()});
  }
  return layers;
}

image::Config config_of(const plan::Plan& plan,
                        const plan::Node& node,
                        const std::vector<LayerResult>& layers) {
  const auto& declared = node.recipe->image->config;
  image::Config config;
  config.created = created(plan, node);
  config.entrypoint = declared.entrypoint;
  config.cmd = declared.cmd;
  for (const auto& [name, value] : environment_of(declared))
    config.env.push_back(cat(name, "=", value));
  config.user = declared.user;
  config.working_dir = declared.working_dir;
  config.stop_signal = declared.stop_signal;
  config.ports = declared.ports;
  config.volumes = declared.volumes;
  config.labels = declared.labels;
  for (const auto& layer : layers)
    config.layers.push_back({layer.diff_id, created_by(layer.title)});
  return config;
}

/// The pre-defined annotation keys of image-spec (annotations.md), then the recipe's own.
std::map<std::string, std::string> annotations_of(const plan::Node& node, std::int64_t created_at) {
  std::map<std::string, std::string> annotations;
  annotations["org.opencontainers.image.title"] = node.recipe->name;
  annotations["org.opencontainers.image.created"] = rfc3339(created_at);
  if (node.fork != nullptr) {
    annotations["org.opencontainers.image.revision"] = node.fork->commit;
    annotations["org.opencontainers.image.source"] = node.fork->upstream;
    if (!node.fork->version.empty())
      annotations["org.opencontainers.image.version"] = node.fork->version;
  }
  annotations[std::string(image::kAssemblyName)] = std::to_string(image::kAssembly);
  annotations["org.cullet.compressor"] = archive::describe(plan::compression(*node.recipe->image));
  for (const auto& [name, value] : node.recipe->image->config.annotations)
    annotations[name] = value;
  if (const auto edited = plan::edited_forks(node); !edited.empty())
    annotations[std::string(image::kEditsAnnotation)] = join(edited, ",");
  return annotations;
}

/// plan::kPatchesAnnotation: what the forks say of their patches, with the digests that the patches
/// had when they were applied. Empty: there is none.
std::string carried_patches(const plan::Plan& plan, const plan::Node& node) {
  if (!node.fixed.contains("patches"))
    return {};
  Json all = Json::array();
  for (const auto& [fork, patches] : node.fixed.at("patches").items()) {
    const auto digests = value_of(plan, node, "patches " + fork);
    for (std::size_t index = 0; index < patches.size(); ++index) {
      all.push_back(patches[index]);
      all.back()["sha256"] = digests.at(index);
    }
  }
  return canonical(all);
}

/// The packages that a layer holds all or a part of; null where it holds something else.
const plan::Node* packages_in(const plan::Plan& plan, const plan::Node& layer) {
  const auto* content = &plan.nodes[layer.dependencies.at(0).node];
  if (content->kind == plan::ActionKind::output)
    content = &plan.nodes[content->dependencies.at(0).node];
  return content->kind == plan::ActionKind::packages ? content : nullptr;
}

void write_declared(int root, const workspace::ImageFile& file) {
  const auto path = RelativePath::parse(file.path).value();
  std::string parent;
  for (std::size_t slash = path.str().find('/'); slash != std::string::npos;
       slash = path.str().find('/', slash + 1)) {
    parent = path.str().substr(0, slash);
    if (mkdirat(root, parent.c_str(), 0755) != 0 && errno != EEXIST)
      throw system_error(cat("cannot make ", parent), errno);
  }
  switch (file.type) {
    case workspace::ImageFile::Type::directory:
      if (mkdirat(root, path.str().c_str(), 0755) != 0 && errno != EEXIST)
        throw system_error(cat("cannot make ", path), errno);
      break;
    case workspace::ImageFile::Type::symlink:
      if (symlinkat(file.target.c_str(), root, path.str().c_str()) != 0)
        throw system_error(cat("cannot make ", path), errno);
      break;
    case workspace::ImageFile::Type::file: {
      const auto out = open_at(root, path.str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
      write_all(out.get(), as_bytes(file.text), path.str());
      break;
    }
  }
}

}  // namespace

std::map<std::string, std::string> environment_of(const workspace::ImageConfig& config) {
  auto environment = config.env;
  environment.emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  return environment;
}

void check_contents(const Context& context, const plan::Plan& plan, const plan::Node& node) {
  constexpr std::string_view kPrefix = "tree ";
  std::vector<std::pair<std::string, store::TreeManifest>> contents;
  for (const auto& dependency : node.dependencies)
    if (dependency.label.rfind(kPrefix, 0) == 0)
      contents.emplace_back(
          dependency.label.substr(kPrefix.size()),
          context.store.manifest(plan.nodes[dependency.node].record.value().trees.at(0)));
  std::vector<image::LayerContent> views;
  views.reserve(contents.size());
  for (const auto& [title, manifest] : contents)
    views.push_back({title, &manifest});
  image::check_conflicts(views);

  const auto require = [&](const std::string& path, std::string_view key) {
    const bool found = std::any_of(contents.begin(), contents.end(), [&](const auto& content) {
      return content.second.find(path) != nullptr;
    });
    if (found)
      return;
    Error error(Kind::input,
                cat(node.recipe->image->at.str(),
                    ": `",
                    key,
                    "` names '",
                    path,
                    "', which nothing in the image has"));
    std::vector<std::string> known;
    for (const auto& content : contents)
      for (const auto& entry : content.second.entries())
        known.push_back(entry.path.str());
    if (const auto near = nearest(path, known))
      error.hint(cat("did you mean '", *near, "'?"));
    throw std::move(error);
  };
  for (const auto& [path, owner] : node.recipe->image->owners)
    require(path, "owners");
  for (const auto& [path, mode] : node.recipe->image->modes)
    require(path, "modes");
}

store::ActionRecord run_files(const Context& context, const plan::Node& node) {
  auto staged = context.store.stage_tree();
  const auto root = open_directory(staged.root());
  store::CapturePolicy policy;
  for (const auto& file : node.recipe->image->files)
    with_context(cat("making /", file.path, " (", file.at.str(), ")"), [&] {
      write_declared(root.get(), file);
      if (file.type != workspace::ImageFile::Type::symlink)
        policy.modes[file.path] = file.mode;
    });
  return tree_record(
      context.store.commit_tree(std::move(staged), policy, context.jobs, context.cancel));
}

store::ActionRecord run_layer(const Context& context,
                              const plan::Plan& plan,
                              const plan::Node& node) {
  const auto tree = trees_of(context, plan, node, "tree").at(0);
  const auto manifest = context.store.manifest(tree.digest);
  image::LayerSpec spec{tree, {}, {}, plan::compression(*node.recipe->image)};
  for (const auto& [path, owner] : node.fixed.at("owners").items())
    if (manifest.find(path) != nullptr)
      spec.owners[path] = {owner.at(0).get<std::uint32_t>(), owner.at(1).get<std::uint32_t>()};
  for (const auto& [path, mode] : node.fixed.at("modes").items())
    if (manifest.find(path) != nullptr)
      spec.modes[path] = mode.get<std::uint32_t>();
  if (const auto* packages = packages_in(plan, node))
    for (const auto& line : package_notes(packages->record.value().value, manifest, spec.modes))
      context.observer.note(cat("note: ", node.recipe->name, ": ", line));
  const auto layer = image::pack_layer(context.store, spec, context.jobs, context.cancel);
  return {.value = {{"blob", layer.blob.to_json()},
                    {"diffID", layer.diff_id.str()},
                    {"size", layer.uncompressed_size}},
          .trees = {},
          .blobs = {layer.blob.digest}};
}

store::ActionRecord run_image(const Context& context,
                              const plan::Plan& plan,
                              const plan::Node& node) {
  check_contents(context, plan, node);
  const auto layers = layers_of(plan, node);
  const auto config_bytes = config_of(plan, node, layers).serialize();
  image::Manifest manifest;
  manifest.config = image::Descriptor::of(config_bytes, std::string(image::kConfigType));
  manifest.annotations = annotations_of(node, created(plan, node));
  if (auto patches = carried_patches(plan, node); !patches.empty())
    manifest.annotations[std::string(plan::kPatchesAnnotation)] = std::move(patches);
  std::vector<BlobDigest> blobs{manifest.config.digest};
  for (const auto& layer : layers) {
    manifest.layers.push_back(layer.blob);
    blobs.push_back(layer.blob.digest);
  }
  const auto bytes = manifest.serialize();
  const auto descriptor = image::Descriptor::of(bytes, std::string(image::kManifestType));
  context.store.put_blob(config_bytes);
  context.store.put_blob(bytes);
  blobs.push_back(descriptor.digest);
  return {.value = {{"manifest", descriptor.to_json()}, {"config", manifest.config.to_json()}},
          .trees = {},
          .blobs = std::move(blobs)};
}

}  // namespace cullet::build
