// SPDX-License-Identifier: Apache-2.0
#include "sample.hpp"

#include <utility>

#include <catch2/catch.hpp>

#include "cullet/base/text.hpp"
#include "cullet/image/manifest.hpp"

namespace cullet::test {

image::BlobOrigin origin_of(const std::string& bytes) {
  image::BlobOrigin origin;
  origin.open = [bytes] {
    struct Owning final : Source {
      explicit Owning(std::string text) : bytes(std::move(text)), inner(bytes) {}
      std::size_t read(std::span<std::byte> into) override { return inner.read(into); }
      std::string bytes;
      MemorySource inner;
    };
    return std::make_unique<Owning>(bytes);
  };
  return origin;
}

image::Descriptor put(image::Repository& to, const std::string& bytes, const std::string& type) {
  auto blob = image::Descriptor::of(bytes, type);
  to.put_blob(blob, origin_of(bytes));
  return blob;
}

image::Descriptor put_image(image::Repository& to, const std::vector<std::string>& layers) {
  image::Manifest manifest;
  image::Config config;
  for (const auto& layer : layers) {
    manifest.layers.push_back(put(to, layer, std::string(image::kLayerType)));
    config.layers.push_back({.diff_id = DiffId(sha256(layer)), .created_by = "test"});
  }
  manifest.config = put(to, config.serialize(), std::string(image::kConfigType));
  return to.put_manifest(manifest.serialize(), std::string(image::kManifestType));
}

image::Descriptor put_referrer(image::Repository& to,
                               const image::Descriptor& subject,
                               const std::string& type,
                               const std::string& content) {
  image::Manifest manifest;
  manifest.artifact_type = type;
  manifest.subject = subject;
  manifest.config = put(to, "{}", std::string(image::kEmptyType));
  manifest.layers.push_back(put(to, content, type));
  manifest.annotations["about"] = content;
  return to.put_manifest(manifest.serialize(), std::string(image::kManifestType));
}

image::Descriptor put_signatures(image::Repository& to,
                                 const image::Descriptor& subject,
                                 const std::vector<std::string>& signatures) {
  image::Manifest manifest;
  Json diff_ids = Json::array();
  for (const auto& signature : signatures) {
    manifest.layers.push_back(
        put(to, signature, "application/vnd.dev.cosign.simplesigning.v1+json"));
    manifest.layers.back().annotations["dev.cosignproject.cosign/signature"] = base64(signature);
    diff_ids.push_back(sha256(signature).str());
  }
  const Json config = {{"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}};
  manifest.config = put(to, canonical(config), std::string(image::kConfigType));
  const auto descriptor = to.put_manifest(manifest.serialize(), std::string(image::kManifestType));
  tag(to, signature_tag(subject), descriptor);
  return descriptor;
}

void tag(image::Repository& repository,
         const std::string& name,
         const image::Descriptor& manifest) {
  repository.put_tag(name, manifest, repository.find_manifest(manifest.digest)->bytes);
}

std::string signature_tag(const image::Descriptor& subject) {
  return "sha256-" + subject.digest.hex() + ".sig";
}

std::string read(image::Repository& from, const image::Descriptor& blob) {
  const auto source = from.open_blob(blob);
  return read_all(*source, blob.size, "blob");
}

std::string Peer::host() const {
  return servers["FAULTY"].empty() ? servers["REGISTRY"] : servers["FAULTY"];
}

std::unique_ptr<image::Repository> Peer::open(const std::string& name) {
  if (!client) {
    http_options.ca_file = servers["REGISTRY_CA"];
    client = std::make_unique<http::Client>(http_options, cancel);
  }
  return registry::open_remote(
      *client, registry::Reference::parse(host() + "/" + name), options, cancel);
}

std::unique_ptr<image::Repository> Peer::layout(const std::string& name) {
  return image::open_layout(servers.directory() / name, true, cancel);
}

void Peer::use_config(const Json& config) {
  const auto file = servers.directory() / "config.json";
  replace_file(file, config.dump());
  options.credentials.files = {servers.directory() / "nothing.json", file};
}

void Peer::log_in(const std::string& password) {
  const auto secret = password.empty() ? servers["REGISTRY_PASSWORD"] : password;
  use_config({{"auths", {{host(), {{"auth", base64(servers["REGISTRY_USER"] + ":" + secret)}}}}}});
}

Error failure(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error");
  return {Kind::internal, ""};
}

}  // namespace cullet::test
