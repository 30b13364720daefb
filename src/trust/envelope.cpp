// SPDX-License-Identifier: Apache-2.0
#include "envelope.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::trust {

namespace {

constexpr std::string_view kPayloadType = "application/vnd.in-toto+json";
constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";

std::string decoded(const Json& object, const std::string& key, std::string_view what) {
  auto bytes = base64_decode(string_at(object, key, what));
  if (!bytes)
    throw Error(Kind::input, cat(what, ": '", key, "' is not base64"));
  return std::move(*bytes);
}

void require(const Json& object,
             const std::string& key,
             std::string_view value,
             std::string_view what) {
  if (string_at(object, key, what) != value)
    throw Error(Kind::input, cat(what, ": '", key, "' is not ", value));
}

const Json& only_one(const Json& object, const std::string& key, std::string_view what) {
  const auto& array = array_at(object, key, what);
  if (array.size() != 1 || !array[0].is_object())
    throw Error(Kind::input, cat(what, ": '", key, "' must hold exactly one object"));
  return array[0];
}

}  // namespace

std::string pae(std::string_view payload_type, std::string_view payload) {
  return cat("DSSEv1 ", payload_type.size(), " ", payload_type, " ", payload.size(), " ", payload);
}

Envelope Envelope::seal(const PrivateKey& key,
                        const BlobDigest& subject,
                        std::string_view predicate_type,
                        const Json& predicate) {
  Envelope sealed;
  sealed.payload =
      canonical({{"_type", kStatementType},
                 {"subject", Json::array({Json{{"digest", {{"sha256", subject.hex()}}}}})},
                 {"predicateType", predicate_type},
                 {"predicate", predicate}});
  sealed.signature = key.sign(pae(kPayloadType, sealed.payload));
  return sealed;
}

Envelope Envelope::parse(const Json& json, std::string_view what) {
  require(json, "payloadType", kPayloadType, what);
  return {decoded(json, "payload", what), decoded(only_one(json, "signatures", what), "sig", what)};
}

Envelope Envelope::parse_bundle(std::string_view bundle, std::string_view what) {
  const auto json = parse_json(bundle, what, kMaxBundleBytes);
  require(json, "mediaType", kBundleType, what);
  return parse(object_at(json, "dsseEnvelope", what), what);
}

Json Envelope::to_json() const {
  // No "keyid": sigstore-go holds one against the fingerprint in OpenSSH's form.
  return {{"payload", base64(payload)},
          {"payloadType", kPayloadType},
          {"signatures", Json::array({Json{{"sig", base64(signature)}}})}};
}

bool Envelope::is_by(const PublicKey& key) const {
  return key.verify(pae(kPayloadType, payload), signature);
}

Statement Envelope::statement(std::string_view what) const {
  const auto json = parse_json(payload, what, kMaxBundleBytes);
  require(json, "_type", kStatementType, what);
  const auto& digest = object_at(only_one(json, "subject", what), "digest", what);
  const auto subject = Sha256::parse_hex(string_at(digest, "sha256", what));
  if (!subject)
    throw Error(Kind::input, cat(what, ": the subject's digest is not SHA-256"));
  return {BlobDigest(*subject),
          string_at(json, "predicateType", what),
          object_at(json, "predicate", what)};
}

Statement Envelope::open(const PublicKey& key, std::string_view what) const {
  if (!is_by(key))
    throw Error(Kind::refused, "it was made with another key, or its content was changed");
  return statement(what);
}

}  // namespace cullet::trust
