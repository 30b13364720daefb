// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/trust/signature.hpp"

namespace cullet::trust {

namespace {

constexpr std::string_view kPayloadType = "application/vnd.in-toto+json";
constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";
constexpr std::uint64_t kMaxBundleBytes = std::uint64_t{32} << 20U;

std::string decoded(const Json& object, const std::string& key, std::string_view what) {
  const auto bytes = base64_decode(string_at(object, key, what));
  if (!bytes)
    throw Error(Kind::input, cat(what, ": '", key, "' is not base64"));
  return *bytes;
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

Statement parse_statement(const std::string& payload, std::string_view what) {
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

}  // namespace

std::string pae(std::string_view payload_type, std::string_view payload) {
  return cat("DSSEv1 ", payload_type.size(), " ", payload_type, " ", payload.size(), " ", payload);
}

std::string make_bundle(const PrivateKey& key,
                        const BlobDigest& subject,
                        std::string_view predicate_type,
                        const Json& predicate) {
  const auto payload =
      canonical({{"_type", kStatementType},
                 {"subject", Json::array({Json{{"digest", {{"sha256", subject.hex()}}}}})},
                 {"predicateType", predicate_type},
                 {"predicate", predicate}});
  const auto signature = key.sign(pae(kPayloadType, payload));
  // No "keyid": sigstore-go holds one against the fingerprint in OpenSSH's form.
  return canonical({{"mediaType", kBundleType},
                    {"verificationMaterial", {{"publicKey", {{"hint", key.public_key().hint()}}}}},
                    {"dsseEnvelope",
                     {{"payload", base64(payload)},
                      {"payloadType", kPayloadType},
                      {"signatures", Json::array({Json{{"sig", base64(signature)}}})}}}});
}

Statement open_bundle(std::string_view bundle, const PublicKey& key, std::string_view what) {
  const auto json = parse_json(bundle, what, kMaxBundleBytes);
  require(json, "mediaType", kBundleType, what);
  const auto& envelope = object_at(json, "dsseEnvelope", what);
  require(envelope, "payloadType", kPayloadType, what);
  const auto payload = decoded(envelope, "payload", what);
  const auto signature = decoded(only_one(envelope, "signatures", what), "sig", what);
  if (!key.verify(pae(kPayloadType, payload), signature))
    throw Error(Kind::refused, "it was made with another key, or its content was changed");
  return parse_statement(payload, what);
}

}  // namespace cullet::trust
