// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cullet/image/repository.hpp"
#include "cullet/trust/key.hpp"

namespace cullet::trust {

/// Media type of a sigstore bundle, and artifactType of the manifest that carries one.
inline constexpr std::string_view kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
inline constexpr std::string_view kSignPredicate = "https://sigstore.dev/cosign/sign/v1";

/// DSSE's pre-authentication encoding (secure-systems-lab/dsse, protocol.md).
std::string pae(std::string_view payload_type, std::string_view payload);

/// A bundle v0.3 that carries an in-toto statement about `subject`, signed: canonical JSON.
/// `predicate` is a JSON object.
std::string make_bundle(const PrivateKey& key,
                        const BlobDigest& subject,
                        std::string_view predicate_type,
                        const Json& predicate);

/// What a bundle says once its signature holds.
struct Statement {
  BlobDigest subject;
  std::string predicate_type;
  Json predicate;
};
/// Throws Kind::refused, saying why, when the signature is not `key`'s; Kind::input for what is no
/// bundle of this form.
Statement open_bundle(std::string_view bundle, const PublicKey& key, std::string_view what);

/// Signs the manifest in both formats that verifiers read (legacy ".sig" tag with simple signing,
/// and bundle v0.3 as a referrer) and puts them into the repository. `docker_reference` is what
/// podman's policy matches ("host/repo:tag"). A signature by this key (and, in the legacy format,
/// for this reference) that is there and holds is left alone, so that signing twice adds nothing.
/// The manifest need not be tagged. Returns whether anything was added.
bool sign(image::Repository& repository,
          const image::Descriptor& manifest,
          const PrivateKey& key,
          const std::string& docker_reference);

/// Whether `key` has signed the manifest in both formats under this reference already: the legacy
/// signature is verified, the bundle only looked up, so that it costs two requests.
bool is_signed(image::Repository& repository,
               const image::Descriptor& manifest,
               const PublicKey& key,
               const std::string& docker_reference);

/// A verdict: which signatures were found and what each is worth.
struct SignatureReport {
  struct Found {
    std::string format;  ///< "simple signing" or "bundle v0.3"
    BlobDigest carrier;  ///< digest of the manifest that carries it
    bool valid = false;
    std::string problem;  ///< why not; empty when valid
  };
  std::vector<Found> found;
  [[nodiscard]] bool ok() const;  ///< at least one valid
};

/// Looks at every signature of `manifest` in both formats (at most 100 legacy ones; of bundles what
/// attestations() would read). Attestations in bundles don't count as signatures, and those that
/// claim to be one are not even read.
SignatureReport verify(image::Repository& repository,
                       const image::Descriptor& manifest,
                       const PublicKey& key);

/// The legacy tag: "sha256-HEX.sig".
std::string signature_tag(const BlobDigest& digest);

}  // namespace cullet::trust
