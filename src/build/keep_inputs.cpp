// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/build/kept_inputs.hpp"
#include "cullet/build/publish.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/registry/copy.hpp"
#include "cullet/registry/reference.hpp"

namespace cullet::build {

namespace {

constexpr std::string_view kPartAnnotation = "org.cullet.inputs.part";
constexpr std::string_view kTitle = "org.opencontainers.image.title";

std::string media_type(const Input& input) {
  switch (input.kind) {
    case Input::Kind::commit:
    case Input::Kind::change:
      return std::string(kCommitType);
    case Input::Kind::package:
      return "application/vnd.debian.binary-package";
    case Input::Kind::archive:
      return "application/octet-stream";
    case Input::Kind::workspace:
      break;
  }
  if (input.name.ends_with(".yaml"))
    return "application/yaml";
  return input.name == "cullet.lock" ? "application/json" : "text/x-patch";
}

image::Descriptor descriptor(const Input& input) {
  return {media_type(input), input.digest, input.size, {}, {{std::string(kTitle), input.name}}};
}

image::Descriptor put(store::Store& store, const std::string& bytes, std::string_view type) {
  store.put_blob(bytes);
  return image::Descriptor::of(bytes, std::string(type));
}

/// The artifacts of a list, as blobs of the store.
std::vector<image::Descriptor> make_artifacts(store::Store& store,
                                              const InputsManifest& list,
                                              const image::Descriptor& subject) {
  const auto parts = std::max<std::size_t>(
      1, (list.inputs.size() + InputsManifest::kMostLayers - 1) / InputsManifest::kMostLayers);
  std::vector<image::Descriptor> out;
  for (std::size_t part = 0; part < parts; ++part) {
    image::Manifest artifact;
    artifact.artifact_type = kInputsType;
    artifact.config = put(store, list.serialize(), kInputsType);
    const auto end = std::min((part + 1) * InputsManifest::kMostLayers, list.inputs.size());
    for (auto i = part * InputsManifest::kMostLayers; i < end; ++i)
      artifact.layers.push_back(descriptor(list.inputs[i]));
    // What else a descriptor may say depends on where the image was found.
    artifact.subject = image::Descriptor{subject.media_type, subject.digest, subject.size, {}, {}};
    if (parts > 1)
      artifact.annotations = {{std::string(kPartAnnotation), cat(part + 1, "/", parts)}};
    out.push_back(put(store, artifact.serialize(), image::kManifestType));
  }
  return out;
}

void add(const registry::CopyReport& copied, KeepReport& report) {
  report.blobs_sent += copied.blobs_sent;
  report.blobs_present += copied.blobs_present;
  report.bytes_sent += copied.bytes_sent;
}

/// Where inputs were last kept in a registry, by this store: most of another image's are there,
/// too, and are mounted. "store" where that is not known, or the same repository.
class Neighbour {
 public:
  Neighbour(store::Store& store, const image::Repository& to)
      : store_(store), name_(to.name()), reference_(registry::Reference::parse(name_)) {}

  [[nodiscard]] std::string find() const {
    const auto known = reference_.layout ? std::nullopt : store_.latest(key());
    if (!known || !known->is_object() || !known->contains("repository"))
      return "store";
    auto name = known->at("repository").get<std::string>();
    return name == name_ ? "store" : name;
  }
  void remember() const {
    if (!reference_.layout)
      store_.set_latest(key(), {{"repository", name_}});
  }

 private:
  [[nodiscard]] std::string key() const { return cat("inputs kept in ", reference_.host); }
  store::Store& store_;
  const std::string name_;
  const registry::Reference reference_;
};

class Keeping {
 public:
  Keeping(const Context& context, const std::string& neighbour, KeepReport& report)
      : context_(context), from_(store_repository(context.store, neighbour)), report_(report) {
    options_.parallel = std::max(4U, context.jobs);
    options_.referrers = false;
  }

  void copy(image::Repository& from,
            const std::vector<image::Descriptor>& artifacts,
            image::Repository& to) {
    for (const auto& artifact : artifacts)
      add(registry::copy_image(from, artifact, to, options_, context_.cancel), report_);
  }

  image::Repository& store() { return *from_; }

  /// What a build looks for by a tag (build/kept_inputs.hpp).
  void tag(const InputsManifest& list, image::Repository& shared) {
    for (const auto& input : list.inputs) {
      std::string tag;
      if (input.kind == Input::Kind::archive)
        tag = KeptInputs::archive_tag(input.digest);
      else if (!input.commit.empty())
        tag = KeptInputs::commit_tag(input.commit, input.kind == Input::Kind::change);
      if (tag.empty() || shared.find_tag(tag))
        continue;
      image::Manifest artifact;
      artifact.artifact_type = media_type(input);
      artifact.config = put(context_.store, "{}", image::kEmptyType);
      artifact.layers = {descriptor(input)};
      auto options = options_;
      options.tags = {tag};
      add(registry::copy_image(*from_,
                               put(context_.store, artifact.serialize(), image::kManifestType),
                               shared,
                               options,
                               context_.cancel),
          report_);
    }
  }

 private:
  const Context& context_;
  std::unique_ptr<image::Repository> from_;
  KeepReport& report_;
  registry::CopyOptions options_;
};

}  // namespace

KeepReport keep_inputs(const Context& context,
                       const plan::Plan& plan,
                       const plan::Plan::Target& target,
                       image::Repository& to,
                       const image::Descriptor& manifest,
                       image::Repository* shared) {
  KeepReport report;
  report.list = collect_inputs(context, plan, target);
  return with_context(
      [&] { return cat("keeping the inputs of ", target.recipe->name, " in ", to.name()); },
      [&] {
        const Neighbour neighbour(context.store, shared != nullptr ? *shared : to);
        Keeping keeping(context, neighbour.find(), report);
        const auto artifacts = make_artifacts(context.store, report.list, manifest);
        if (shared != nullptr) {
          keeping.copy(keeping.store(), artifacts, *shared);
          keeping.tag(report.list, *shared);
        }
        if (to.missing_referrers(manifest.digest, artifacts).empty())
          return report;
        const bool mount = shared != nullptr && registry::in_one_registry(*shared, to);
        keeping.copy(mount ? *shared : keeping.store(), artifacts, to);
        neighbour.remember();
        report.changed = true;
        return report;
      });
}

}  // namespace cullet::build
