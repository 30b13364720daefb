// SPDX-License-Identifier: Apache-2.0
#include "cullet/trust/key.hpp"

#include <filesystem>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>

#include "cullet/base/digest.hpp"
#include "cullet/base/text.hpp"

#include "openssl.hpp"

namespace cullet::trust {

namespace {

using Pkcs8Handle = Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using EncryptedHandle = Handle<X509_SIG, X509_SIG_free>;
using AlgorithmHandle = Handle<X509_ALGOR, X509_ALGOR_free>;
using KeyContextHandle = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestHandle = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr std::uint64_t kScryptN = 16384, kScryptR = 8, kScryptP = 1;

/// A passphrase that is wiped when it goes.
class Secret {
 public:
  explicit Secret(std::string text) : text_(std::move(text)) {}
  ~Secret() { OPENSSL_cleanse(text_.data(), text_.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&&) = delete;
  Secret& operator=(Secret&&) = delete;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// A callback that knows no passphrase keeps OpenSSL from asking on the terminal itself.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

KeyHandle decrypt(std::string_view pem,
                  const std::function<std::string()>& passphrase,
                  std::string_view what) {
  const auto bio = reader(pem);
  const EncryptedHandle encrypted(PEM_read_bio_PKCS8(bio.get(), nullptr, no_passphrase, nullptr));
  if (!encrypted)
    throw openssl_error(cat("cannot read the key ", what), Kind::input);
  const Secret secret(passphrase());
  const Pkcs8Handle plain(
      PKCS8_decrypt(encrypted.get(), secret.text().data(), static_cast<int>(secret.text().size())));
  if (!plain) {
    ERR_clear_error();
    throw Error(Kind::input, cat("the passphrase does not open ", what))
        .hint("it comes from --passphrase-fd, CULLET_PASSPHRASE or a prompt, in this order");
  }
  return KeyHandle(EVP_PKCS82PKEY(plain.get()));
}

KeyHandle read_plain(std::string_view pem, std::string_view what) {
  const auto bio = reader(pem);
  KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key)
    throw openssl_error(cat("cannot read the private key ", what), Kind::input);
  return key;
}

/// A file holds both halves of a key; signatures by one that doesn't belong to the other would hold
/// for nobody.
void require_pair(EVP_PKEY* key, std::string_view what) {
  const KeyContextHandle context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!context)
    throw openssl_error("cannot check a key");
  if (EVP_PKEY_pairwise_check(context.get()) == 1)
    return;
  ERR_clear_error();
  throw Error(Kind::input, cat(what, " is damaged: its public half belongs to another key"));
}

std::string der_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size < 0)
    throw openssl_error("cannot encode a public key");
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

}  // namespace

PublicKey PublicKey::parse(std::string_view pem, std::string_view what) {
  const auto bio = reader(pem);
  auto state = std::make_shared<State>();
  state->key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  if (!state->key) {
    if (pem.find("PRIVATE KEY") != std::string_view::npos)
      throw Error(Kind::input, cat(what, " is a private key; a public key is wanted"))
          .hint("`cullet key new` put the public key beside it, as .pub");
    throw openssl_error(cat("cannot read the public key ", what), Kind::input);
  }
  require_p256(state->key.get(), what);
  PublicKey key;
  key.state_ = std::move(state);
  return key;
}

std::string PublicKey::pem() const {
  const auto bio = writer();
  if (PEM_write_bio_PUBKEY(bio.get(), state_->key.get()) != 1)
    throw openssl_error("cannot write a public key");
  return written(bio.get());
}

std::string PublicKey::hint() const {
  const auto digest = sha256(der_of(state_->key.get()));
  return base64({reinterpret_cast<const char*>(digest.bytes().data()), Sha256::kSize});
}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  const DigestHandle context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) != 1)
    throw openssl_error("cannot verify a signature");
  const int verdict = EVP_DigestVerify(context.get(),
                                       reinterpret_cast<const unsigned char*>(signature.data()),
                                       signature.size(),
                                       reinterpret_cast<const unsigned char*>(message.data()),
                                       message.size());
  ERR_clear_error();
  return verdict == 1;
}

bool operator==(const PublicKey& a, const PublicKey& b) {
  const bool equal = EVP_PKEY_eq(a.state_->key.get(), b.state_->key.get()) == 1;
  ERR_clear_error();
  return equal;
}

PrivateKey PrivateKey::generate() {
  auto state = std::make_shared<State>();
  state->key.reset(EVP_EC_gen("P-256"));
  if (!state->key)
    throw openssl_error("cannot generate a key", Kind::machine);
  PrivateKey key;
  key.state_ = std::move(state);
  return key;
}

PrivateKey PrivateKey::parse(std::string_view pem,
                             const std::function<std::string()>& passphrase,
                             std::string_view what) {
  auto state = std::make_shared<State>();
  const bool encrypted = pem.find("BEGIN ENCRYPTED PRIVATE KEY") != std::string_view::npos;
  state->key = encrypted ? decrypt(pem, passphrase, what) : read_plain(pem, what);
  if (!state->key)
    throw openssl_error(cat("cannot read the private key ", what), Kind::input);
  require_p256(state->key.get(), what);
  require_pair(state->key.get(), what);
  PrivateKey key;
  key.state_ = std::move(state);
  return key;
}

std::string PrivateKey::encrypted_pem(std::string_view passphrase) const {
  if (passphrase.empty())
    throw Error(Kind::input, "a signing key needs a passphrase that is not empty");
  const Pkcs8Handle plain(EVP_PKEY2PKCS8(state_->key.get()));
  AlgorithmHandle algorithm(
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 16, nullptr, kScryptN, kScryptR, kScryptP));
  if (!plain || !algorithm)
    throw openssl_error("cannot encrypt a key");
  // On success the encrypted key owns the algorithm.
  const EncryptedHandle encrypted(PKCS8_set0_pbe(
      passphrase.data(), static_cast<int>(passphrase.size()), plain.get(), algorithm.get()));
  if (!encrypted)
    throw openssl_error("cannot encrypt a key");
  [[maybe_unused]] const auto* owned = algorithm.release();
  const auto bio = writer();
  if (PEM_write_bio_PKCS8(bio.get(), encrypted.get()) != 1)
    throw openssl_error("cannot write a key");
  return written(bio.get());
}

PublicKey PrivateKey::public_key() const {
  const auto der = der_of(state_->key.get());
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  auto state = std::make_shared<PublicKey::State>();
  state->key.reset(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!state->key)
    throw openssl_error("cannot derive a public key");
  PublicKey key;
  key.state_ = std::move(state);
  return key;
}

std::string PrivateKey::sign(std::string_view message) const {
  const DigestHandle context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) != 1)
    throw openssl_error("cannot sign");
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  std::size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()) != 1)
    throw openssl_error("cannot sign");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(),
                     reinterpret_cast<unsigned char*>(signature.data()),
                     &size,
                     bytes,
                     message.size()) != 1)
    throw openssl_error("cannot sign");
  signature.resize(size);
  return signature;
}

void demand_pair(const PrivateKey& key, const PublicKey& beside, const std::string& file) {
  if (key.public_key() == beside)
    return;
  const auto other = std::filesystem::path(file).replace_extension(".pub").string();
  throw Error(Kind::input, cat(file, " is not the private key of ", other, " beside it"))
      .hint(cat("if ",
                file,
                " is the right one, write its public key: openssl pkey -in ",
                file,
                " -pubout -out ",
                other));
}

}  // namespace cullet::trust
