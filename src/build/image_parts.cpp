// SPDX-License-Identifier: Apache-2.0
#include "cullet/build/image_parts.hpp"

#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/stream.hpp"
#include "cullet/plan/carried.hpp"

namespace cullet::build {

namespace {

constexpr std::string_view kCreatedBy = "cullet: ";
constexpr std::string_view kLayerLabel = "layer ";

}  // namespace

std::string created_by(const std::string& content) {
  return cat(kCreatedBy, content);
}

ImageParts read_parts(image::Repository& repository, const image::Descriptor& descriptor) {
  const auto what = cat(repository.name(), "@", descriptor.digest);
  ImageParts parts;
  parts.manifest = image::read_manifest(repository, descriptor);
  const auto config = repository.open_blob(parts.manifest.config);
  parts.config =
      image::Config::parse(read_all(*config, image::kMaxConfigBytes, what), cat(what, "'s config"));
  for (std::size_t index = 0; index < parts.manifest.layers.size(); ++index) {
    std::string content;
    if (index < parts.config.layers.size() &&
        parts.config.layers[index].created_by.starts_with(kCreatedBy))
      content = parts.config.layers[index].created_by.substr(kCreatedBy.size());
    parts.layers.push_back({parts.manifest.layers[index].digest, std::move(content)});
  }
  return parts;
}

std::vector<std::string> changed_settings(const ImageParts& before,
                                          const ImageParts& after,
                                          bool own_source) {
  std::vector<std::string> out;
  const auto& a = before.config;
  const auto& b = after.config;
  const auto note = [&](const char* name, bool same) {
    if (!same)
      out.push_back(cat("@config/", name));
  };
  note("architecture", a.architecture == b.architecture);
  note("cmd", a.cmd == b.cmd);
  note("created", own_source || a.created == b.created);
  note("entrypoint", a.entrypoint == b.entrypoint);
  note("env", a.env == b.env);
  note("labels", a.labels == b.labels);
  note("ports", a.ports == b.ports);
  note("stop_signal", a.stop_signal == b.stop_signal);
  note("user", a.user == b.user);
  note("volumes", a.volumes == b.volumes);
  note("working_dir", a.working_dir == b.working_dir);

  const std::set<std::string_view> of_the_source = {"org.opencontainers.image.created",
                                                    "org.opencontainers.image.revision",
                                                    "org.opencontainers.image.source",
                                                    "org.opencontainers.image.version"};
  auto names = before.manifest.annotations;
  names.insert(after.manifest.annotations.begin(), after.manifest.annotations.end());
  for (const auto& [name, value] : names) {
    if (name == plan::kPatchesAnnotation || (own_source && of_the_source.contains(name)))
      continue;
    const auto old = before.manifest.annotations.find(name);
    const auto now = after.manifest.annotations.find(name);
    if (old == before.manifest.annotations.end() || now == after.manifest.annotations.end() ||
        old->second != now->second)
      out.push_back(cat("@annotations/", name));
  }
  return out;
}

image::Descriptor built_image(const plan::Plan& plan, const plan::Plan::Target& target) {
  const auto& value = plan.nodes[target.image.value()].record.value().value;
  return image::Descriptor::parse(object_at(value, "manifest", "image"), "image");
}

std::map<std::string, std::size_t> layer_contents(const plan::Plan& plan, const plan::Node& image) {
  std::map<std::string, std::size_t> out;
  for (const auto& dependency : image.dependencies)
    if (dependency.label.starts_with(kLayerLabel))
      out[dependency.label.substr(kLayerLabel.size())] =
          plan.nodes[dependency.node].dependencies.at(0).node;
  return out;
}

}  // namespace cullet::build
