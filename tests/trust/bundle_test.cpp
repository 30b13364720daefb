// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/trust/signature.hpp"

namespace cullet::trust {
namespace {

const BlobDigest kSubject(sha256(std::string_view("manifest")));

Kind kind_of(const std::string& bundle, const PublicKey& key) {
  try {
    open_bundle(bundle, key, "bundle");
  } catch (const Error& error) {
    return error.kind();
  }
  return Kind::internal;
}

TEST_CASE("pae: lengths are decimal and in bytes", "[trust]") {
  // The example of DSSE's protocol.md.
  CHECK(pae("http://example.com/HelloWorld", "hello world") ==
        "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  CHECK(pae("ä", "") == "DSSEv1 2 ä 0 ");
}

TEST_CASE("bundle: opens with its key and says what it was made of", "[trust]") {
  const auto key = PrivateKey::generate();
  const auto bundle = make_bundle(key, kSubject, kSignPredicate, {{"a", 1}});
  const auto statement = open_bundle(bundle, key.public_key(), "bundle");
  CHECK(statement.subject == kSubject);
  CHECK(statement.predicate_type == kSignPredicate);
  CHECK(statement.predicate == Json{{"a", 1}});
}

TEST_CASE("bundle: has exactly the fields that strict readers accept", "[trust]") {
  const auto json =
      Json::parse(make_bundle(PrivateKey::generate(), kSubject, kSignPredicate, Json::object()));
  CHECK(json.size() == 3);
  CHECK(json.at("mediaType") == kBundleType);
  CHECK(json.at("verificationMaterial").at("publicKey").size() == 1);
  CHECK(json.at("dsseEnvelope").size() == 3);
  CHECK(json.at("dsseEnvelope").at("signatures").at(0).size() == 1);
  const auto statement =
      Json::parse(*base64_decode(json.at("dsseEnvelope").at("payload").get<std::string>()));
  CHECK(statement.size() == 4);
  CHECK(statement.at("subject") == Json::array({{{"digest", {{"sha256", kSubject.hex()}}}}}));
}

TEST_CASE("bundle: another key, or any changed byte of the payload, is refused", "[trust]") {
  const auto key = PrivateKey::generate();
  const auto bundle = make_bundle(key, kSubject, kSignPredicate, Json::object());
  CHECK(kind_of(bundle, PrivateKey::generate().public_key()) == Kind::refused);
  auto json = Json::parse(bundle);
  auto payload = *base64_decode(json["dsseEnvelope"]["payload"].get<std::string>());
  for (std::size_t at = 0; at < payload.size(); at += 13) {
    auto changed = payload;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    json["dsseEnvelope"]["payload"] = base64(changed);
    CHECK(kind_of(json.dump(), key.public_key()) == Kind::refused);
  }
}

TEST_CASE("bundle: other forms are input errors", "[trust]") {
  const auto key = PrivateKey::generate();
  const auto good = Json::parse(make_bundle(key, kSubject, kSignPredicate, Json::object()));
  const auto with = [&](const char* pointer, const Json& value) {
    auto json = good;
    json[Json::json_pointer(pointer)] = value;
    return json.dump();
  };
  CHECK(kind_of("", key.public_key()) == Kind::input);
  CHECK(kind_of("[]", key.public_key()) == Kind::input);
  CHECK(kind_of(with("/mediaType", "application/json"), key.public_key()) == Kind::input);
  CHECK(kind_of(with("/dsseEnvelope", 1), key.public_key()) == Kind::input);
  CHECK(kind_of(with("/dsseEnvelope/payload", "?"), key.public_key()) == Kind::input);
  CHECK(kind_of(with("/dsseEnvelope/payloadType", "text"), key.public_key()) == Kind::input);
  CHECK(kind_of(with("/dsseEnvelope/signatures", Json::array()), key.public_key()) == Kind::input);
}

}  // namespace
}  // namespace cullet::trust
