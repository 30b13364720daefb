// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/sha1.hpp"

#include <array>

#include <openssl/evp.h>

#include "cullet/base/error.hpp"
#include "cullet/base/handle.hpp"
#include "cullet/base/hex.hpp"

namespace cullet {

std::string sha1_hex(Source& source) {
  const Handle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  std::array<unsigned char, 20> digest{};
  std::array<std::byte, 65536> buffer{};
  bool ok = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr) == 1;
  while (ok) {
    const auto count = source.read(buffer);
    if (count == 0)
      break;
    ok = EVP_DigestUpdate(context.get(), buffer.data(), count) == 1;
  }
  if (!ok || EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1)
    throw Error(Kind::internal, "OpenSSL can't hash with SHA-1");
  return hex(std::as_bytes(std::span(digest)));
}

}  // namespace cullet
