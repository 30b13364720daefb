// SPDX-License-Identifier: Apache-2.0
#include "statement_keys.hpp"

#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"

namespace cullet::cli {

void add_key_option(CLI::App& command, std::vector<std::string>& files) {
  command
      .add_option("--key",
                  files,
                  "a public key to believe; again for more [the workspace's for attestations]")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

std::vector<trust::PublicKey> statement_keys(Session& session,
                                             const std::vector<std::string>& files) {
  std::vector<trust::PublicKey> keys;
  for (const auto& file : files)
    keys.push_back(session.public_key(file));
  if (!keys.empty())
    return keys;
  if (auto key = session.attestation_public_key())
    return {std::move(*key)};
  throw Error(Kind::input, "no key is named, and the workspace has none for attestations")
      .hint("name the public key: --key attest.pub");
}

}  // namespace cullet::cli
