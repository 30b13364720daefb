// SPDX-License-Identifier: Apache-2.0
#include "signed_image.hpp"

#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"

namespace cullet::cli {

void add_key_options(CLI::App& command, ImageKeys& keys) {
  command
      .add_option("--key",
                  keys.release,
                  "the public key of releases [beside the signing key of cullet.yaml]")
      ->type_name("FILE");
  command
      .add_option("--attest-key",
                  keys.statements,
                  "the public key of the builder's statements [attest.pub beside --key]")
      ->type_name("FILE");
}

trust::SignatureReport demand_signed(ResolvedImage& image, const trust::PublicKey& key) {
  const auto name = image_name(image);
  auto signatures = trust::verify(*image.repository, image.manifest, key);
  if (signatures.ok())
    return signatures;
  if (signatures.found.empty())
    throw Error(Kind::refused, cat(name, " is not signed"))
        .hint("sign it with `cullet sign`, if it is yours");
  Error error(Kind::refused, cat("no signature of ", name, " is by this key"));
  for (const auto& found : signatures.found)
    error.detail(cat(found.format, " in ", found.carrier, ": ", found.problem));
  throw std::move(error);
}

std::optional<trust::PublicKey> builder_key(Session& session, const ImageKeys& keys) {
  if (!keys.statements.empty())
    return session.public_key(keys.statements);
  if (keys.release.empty())
    return session.attestation_public_key();
  const auto beside = (session.directory() / keys.release).parent_path() / "attest.pub";
  if (!is_there(beside, true))
    return std::nullopt;
  return session.public_key(beside.string());
}

}  // namespace cullet::cli
