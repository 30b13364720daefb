// SPDX-License-Identifier: Apache-2.0
#include "cullet/trust/key.hpp"

#include <catch2/catch.hpp>

#include "cullet/base/error.hpp"

namespace cullet::trust {
namespace {

Error failure(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  FAIL("it did not fail");
  return {Kind::internal, ""};
}

TEST_CASE("PrivateKey: what it signs, its public key verifies, and nothing else", "[trust]") {
  const auto key = PrivateKey::generate();
  const auto signature = key.sign("message");
  CHECK(key.public_key().verify("message", signature));
  CHECK_FALSE(key.public_key().verify("massage", signature));
  CHECK_FALSE(key.public_key().verify("message", signature.substr(1)));
  CHECK_FALSE(key.public_key().verify("message", ""));
  CHECK_FALSE(PrivateKey::generate().public_key().verify("message", signature));
}

TEST_CASE("PrivateKey: comes back from its encrypted form with the passphrase", "[trust]") {
  const auto key = PrivateKey::generate();
  const auto pem = key.encrypted_pem("glass");
  CHECK(pem.rfind("-----BEGIN ENCRYPTED PRIVATE KEY-----", 0) == 0);
  const auto again = PrivateKey::parse(
      pem, [] { return "glass"; }, "key");
  CHECK(again.public_key() == key.public_key());
  const auto error = failure([&] {
    PrivateKey::parse(
        pem, [] { return "grass"; }, "keys/release.pem");
  });
  CHECK(error.kind() == Kind::input);
  CHECK(error.message() == "the passphrase does not open keys/release.pem");
}

TEST_CASE("PrivateKey: an empty passphrase is refused", "[trust]") {
  CHECK(failure([] { (void)PrivateKey::generate().encrypted_pem(""); }).kind() == Kind::input);
}

TEST_CASE("PrivateKey: garbage and truncated PEM are input errors", "[trust]") {
  const auto pem = PrivateKey::generate().encrypted_pem("glass");
  for (std::size_t size = 0; size < pem.size() - 30; size += 17)
    CHECK(failure([&] {
            PrivateKey::parse(
                pem.substr(0, size), [] { return "glass"; }, "key");
          }).kind() == Kind::input);
}

TEST_CASE("PublicKey: survives its PEM form", "[trust]") {
  const auto key = PrivateKey::generate().public_key();
  CHECK(PublicKey::parse(key.pem(), "key") == key);
  CHECK(key.hint().size() == 44);
}

TEST_CASE("PublicKey: one key is one, in whatever form its point is written", "[trust]") {
  const auto whole = PublicKey::parse(
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvqIOEem5yXlVArAP1b8vTRLGd9uq\n"
      "aJm3+uxI6JZzX6fO7sJ7sSefhiY0ZePv+CE7GWoU+VjWHh3WWn7asfveVA==\n"
      "-----END PUBLIC KEY-----\n",
      "whole");
  const auto compressed = PublicKey::parse(
      "-----BEGIN PUBLIC KEY-----\n"
      "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACvqIOEem5yXlVArAP1b8vTRLGd9uq\n"
      "aJm3+uxI6JZzX6c=\n"
      "-----END PUBLIC KEY-----\n",
      "compressed");
  CHECK(whole == compressed);
  CHECK_FALSE(whole == PrivateKey::generate().public_key());
}

TEST_CASE("PublicKey: a private key in its place is told apart", "[trust]") {
  const auto pem = PrivateKey::generate().encrypted_pem("glass");
  const auto error = failure([&] { PublicKey::parse(pem, "release.pem"); });
  CHECK(error.message() == "release.pem is a private key; a public key is wanted");
}

TEST_CASE("PublicKey: other kinds of keys are refused", "[trust]") {
  const auto ed25519 =
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
      "-----END PUBLIC KEY-----\n";
  CHECK(failure([&] { PublicKey::parse(ed25519, "key"); }).message() ==
        "key is not an ECDSA P-256 key");
}

TEST_CASE("demand_pair: another public key beside it is named, and how to write the right one") {
  const auto key = PrivateKey::generate();
  CHECK_NOTHROW(demand_pair(key, key.public_key(), "keys/release.pem"));
  const auto error =
      failure([&] { demand_pair(key, PrivateKey::generate().public_key(), "keys/release.pem"); });
  CHECK(error.kind() == Kind::input);
  CHECK(error.message() == "keys/release.pem is not the private key of keys/release.pub beside it");
  REQUIRE(error.hints().size() == 1);
  CHECK_THAT(error.hints()[0],
             Catch::Contains("openssl pkey -in keys/release.pem -pubout -out keys/release.pub"));
}

}  // namespace
}  // namespace cullet::trust
