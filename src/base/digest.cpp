// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/digest.hpp"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "cullet/base/error.hpp"
#include "cullet/base/handle.hpp"
#include "cullet/base/hex.hpp"

namespace cullet {

namespace {

constexpr std::string_view kPrefix = "sha256:";

void check(int result, std::string_view what) {
  if (result == 1)
    return;
  const auto* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  throw Error(Kind::machine,
              cat("OpenSSL cannot ", what, ": ", reason != nullptr ? reason : "unknown reason"));
}

// Fetching takes a lock and a name lookup, so it happens once. Never freed: other threads may still
// hash while the process exits.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = [] {
    const auto* found = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
    check(found != nullptr ? 1 : 0, "provide SHA-256");
    return found;
  }();
  return fetched;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  if (digit >= 'a' && digit <= 'f')
    return digit - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<Sha256> Sha256::parse(std::string_view text) {
  if (!text.starts_with(kPrefix))
    return std::nullopt;
  return parse_hex(text.substr(kPrefix.size()));
}

std::optional<Sha256> Sha256::parse_hex(std::string_view hex) {
  if (hex.size() != 2 * kSize)
    return std::nullopt;
  std::array<std::uint8_t, kSize> bytes{};
  for (std::size_t i = 0; i < kSize; ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0)
      return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return Sha256(bytes);
}

std::string Sha256::hex() const {
  return cullet::hex(std::as_bytes(std::span(bytes_)));
}

struct Sha256Hasher::State {
  Handle<EVP_MD_CTX, EVP_MD_CTX_free> context;

  void start() const { check(EVP_DigestInit_ex2(context.get(), algorithm(), nullptr), "hash"); }
};

Sha256Hasher::Sha256Hasher() : state_(std::make_unique<State>()) {
  state_->context.reset(EVP_MD_CTX_new());
  check(state_->context != nullptr ? 1 : 0, "hash");
  state_->start();
}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::write(Bytes bytes) {
  check(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()), "hash");
}

Sha256 Sha256Hasher::finish() {
  std::array<std::uint8_t, Sha256::kSize> bytes{};
  check(EVP_DigestFinal_ex(state_->context.get(), bytes.data(), nullptr), "hash");
  state_->start();
  return Sha256(bytes);
}

Sha256 sha256(Bytes bytes) {
  std::array<std::uint8_t, Sha256::kSize> result{};
  check(EVP_Digest(bytes.data(), bytes.size(), result.data(), nullptr, algorithm(), nullptr),
        "hash");
  return Sha256(result);
}

Sha256 sha256(std::string_view text) {
  return sha256(as_bytes(text));
}

VerifyingSource::VerifyingSource(Source& inner,
                                 const Sha256& want,
                                 std::optional<std::uint64_t> size)
    : inner_(inner), want_(want), size_(size) {}

std::size_t VerifyingSource::read(std::span<std::byte> into) {
  if (state_ == State::ended)
    return 0;
  if (state_ == State::failed)
    throw Error(Kind::refused, cat("content of ", want_, " was refused before"));
  state_ = State::failed;  // until this call has succeeded: bytes lost to an exception stay lost

  std::size_t count = 0;
  if (ahead_) {
    into[count++] = *ahead_;
    ahead_.reset();
  }
  const auto room = into.size() - count;
  const auto left = size_ ? *size_ - seen_ - count : room;
  if (const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(room, left)); wanted > 0)
    count += inner_.read(into.subspan(count, wanted));
  hasher_.write(Bytes(into).first(count));
  seen_ += count;

  if (!look_ahead(count)) {
    finish();
    state_ = State::ended;
    return count;
  }
  state_ = State::reading;
  return count;
}

bool VerifyingSource::look_ahead(std::size_t count) {
  if (size_ && seen_ < *size_ && count > 0)
    return true;  // the promised size says that more must come: no need to hold a byte back
  if (count == 0 && !(size_ && seen_ == *size_))
    return false;
  std::byte next{};
  if (inner_.read({&next, 1}) == 0)
    return false;
  if (size_)
    throw Error(Kind::refused,
                cat("content promised as ", want_, " is longer than its ", *size_, " bytes"));
  ahead_ = next;
  return true;
}

void VerifyingSource::finish() {
  const auto got = hasher_.finish();
  if (size_ && seen_ != *size_)
    throw Error(Kind::refused,
                cat("content promised as ", want_, " ends after ", seen_, " of ", *size_, " bytes"))
        .detail(cat("those bytes hash to ", got));
  if (got != want_)
    throw Error(Kind::refused, cat("content promised as ", want_, " hashes to ", got));
}

}  // namespace cullet
