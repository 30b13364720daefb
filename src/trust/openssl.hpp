// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "cullet/base/error.hpp"
#include "cullet/base/handle.hpp"
#include "cullet/trust/key.hpp"

namespace cullet::trust {

using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using BioHandle = Handle<BIO, BIO_free_all>;

struct PublicKey::State {
  KeyHandle key;
};
struct PrivateKey::State {
  KeyHandle key;
};

/// The error for a failed call of OpenSSL, with the library's own last reason; empties its queue.
Error openssl_error(std::string_view what, Kind kind = Kind::internal);

/// A memory BIO over text that outlives it.
BioHandle reader(std::string_view text);
/// What was written to a memory BIO.
std::string written(BIO* bio);
BioHandle writer();

/// Throws Kind::input unless the key is ECDSA on P-256.
void require_p256(EVP_PKEY* key, std::string_view what);

}  // namespace cullet::trust
