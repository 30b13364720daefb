// SPDX-License-Identifier: Apache-2.0
#include "openssl.hpp"

#include <array>

#include <openssl/err.h>

namespace cullet::trust {

Error openssl_error(std::string_view what, Kind kind) {
  const auto code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return Error(kind, cat(what, ": ", reason == nullptr ? "OpenSSL gave no reason" : reason));
}

BioHandle reader(std::string_view text) {
  // An empty view may have no data at all, which OpenSSL takes for a bug of its caller.
  const char* const data = text.empty() ? "" : text.data();
  BioHandle bio(BIO_new_mem_buf(data, static_cast<int>(text.size())));
  if (!bio)
    throw openssl_error("cannot read a key");
  return bio;
}

BioHandle writer() {
  BioHandle bio(BIO_new(BIO_s_secmem()));
  if (!bio)
    throw openssl_error("cannot write a key");
  return bio;
}

std::string written(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

void require_p256(EVP_PKEY* key, std::string_view what) {
  std::array<char, 64> group{};
  std::size_t length = 0;
  const bool elliptic = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
  if (!elliptic || EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1 ||
      std::string_view(group.data(), length) != "prime256v1")
    throw Error(Kind::input, cat(what, " is not an ECDSA P-256 key"))
        .hint("make one with `cullet key new`");
}

}  // namespace cullet::trust
