// SPDX-License-Identifier: Apache-2.0
#include "cullet/trust/signature.hpp"

#include "envelope.hpp"

namespace cullet::trust {

std::string make_bundle(const PrivateKey& key,
                        const BlobDigest& subject,
                        std::string_view predicate_type,
                        const Json& predicate) {
  return canonical(
      {{"mediaType", kBundleType},
       {"verificationMaterial", {{"publicKey", {{"hint", key.public_key().hint()}}}}},
       {"dsseEnvelope", Envelope::seal(key, subject, predicate_type, predicate).to_json()}});
}

Statement open_bundle(std::string_view bundle, const PublicKey& key, std::string_view what) {
  return Envelope::parse_bundle(bundle, what).open(key, what);
}

}  // namespace cullet::trust
