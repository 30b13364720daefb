// SPDX-License-Identifier: Apache-2.0
// Signatures: bundles and simple signing as they come, and what is inside when the signature holds.
#include "cullet/trust/signature.hpp"

#include "cullet/base/text.hpp"

#include "fuzz.hpp"
#include "memory_repository.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

constexpr const char* kPayloadType = "application/vnd.in-toto+json";

/// A bundle whose signature holds over any payload at all.
std::string signed_bundle(const trust::PrivateKey& key, std::string_view payload) {
  const auto signature = key.sign(trust::pae(kPayloadType, payload));
  return canonical({{"mediaType", trust::kBundleType},
                    {"dsseEnvelope",
                     {{"payload", base64(payload)},
                      {"payloadType", kPayloadType},
                      {"signatures", Json::array({Json{{"sig", base64(signature)}}})}}}});
}

void open(std::string_view bundle, const trust::PublicKey& key) {
  accepts([&] {
    const auto statement = trust::open_bundle(bundle, key, "input");
    require(statement.predicate.is_object(), "a predicate is an object");
  });
}

/// The input as the payload of a legacy signature, and as a bundle beside it.
void verify(std::string_view input, const trust::PrivateKey& key) {
  MemoryRepository repository;
  const auto image = repository.add("{}", image::kManifestType);
  image::Manifest carrier;
  carrier.config = repository.add("{}", image::kConfigType);
  carrier.layers.push_back(
      repository.add(std::string(input), "application/vnd.dev.cosign.simplesigning.v1+json"));
  carrier.layers[0].annotations["dev.cosignproject.cosign/signature"] = base64(key.sign(input));
  const auto legacy = carrier.serialize();
  repository.put_tag(trust::signature_tag(image.digest),
                     repository.put_manifest(legacy, std::string(image::kManifestType)),
                     legacy);
  carrier.layers = {repository.add(std::string(input), trust::kBundleType)};
  repository.add_referrer(repository.add(carrier.serialize(), image::kManifestType));
  accepts([&] {
    const auto report = trust::verify(repository, image, key.public_key());
    for (const auto& found : report.found)
      require(found.valid == found.problem.empty(), "what is not valid has a reason");
    // The image that these sign is made up here: no input names it by chance.
    const auto named = input.find(image.digest.hex()) != std::string_view::npos;
    require(!report.ok() || named, "only what names the image is a signature of it");
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto key = trust::PrivateKey::generate();
  const auto input = text_of(data, size);
  open(input, key.public_key());
  open(signed_bundle(key, input), key.public_key());
  verify(input, key);
  return 0;
}
