// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace cullet::trust {

/// An ECDSA P-256 public key. Immutable, copyable, thread-safe.
class PublicKey {
 public:
  /// PEM SubjectPublicKeyInfo; throws Kind::input, naming `what`, for anything but P-256.
  static PublicKey parse(std::string_view pem, std::string_view what);
  [[nodiscard]] std::string pem() const;
  /// Standard base64 of the SHA-256 of the DER SubjectPublicKeyInfo: the sigstore bundle's hint.
  [[nodiscard]] std::string hint() const;
  /// Whether `signature` (ASN.1 DER) is this key's over SHA-256 of `message`.
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;

  /// Whether it is the same point, in whatever form its file has it.
  friend bool operator==(const PublicKey& a, const PublicKey& b);

 private:
  friend class PrivateKey;
  struct State;
  std::shared_ptr<const State> state_;
};

/// An ECDSA P-256 private key; wiped from memory when the last copy goes.
class PrivateKey {
 public:
  static PrivateKey generate();
  /// PEM: PKCS#8 (RFC 5958), encrypted (PBES2, RFC 8018) or plain. `passphrase` is called only for
  /// an encrypted key. Throws Kind::input for a wrong passphrase or another kind of key, naming
  /// `what`.
  static PrivateKey parse(std::string_view pem,
                          const std::function<std::string()>& passphrase,
                          std::string_view what);
  /// PKCS#8, PBES2 with scrypt (N 16384, r 8, p 1; RFC 7914: the most that OpenSSL's own tools
  /// decrypt with their default memory limit) and AES-256-CBC. An empty passphrase is refused
  /// (Kind::input).
  [[nodiscard]] std::string encrypted_pem(std::string_view passphrase) const;
  [[nodiscard]] PublicKey public_key() const;
  /// ASN.1 DER ECDSA signature over SHA-256 of `message`. Randomised.
  [[nodiscard]] std::string sign(std::string_view message) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// Throws Kind::input, with what to do, where `key`, which `file` holds, is not that of the public
/// key beside it (with the ending .pub).
void demand_pair(const PrivateKey& key, const PublicKey& beside, const std::string& file);

}  // namespace cullet::trust
