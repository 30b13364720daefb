// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/build/statements.hpp"
#include "cullet/image/repository.hpp"
#include "cullet/store/store.hpp"
#include "cullet/trust/key.hpp"

namespace cullet::build {

/// How an image gets into a repository.
struct PublishOptions {
  std::vector<std::string> tags;
  std::vector<std::string> fixed;  ///< those of `tags` that must not be taken from another image
  /// The public key that signatures are held against; nullopt: not signed (--no-sign).
  std::optional<trust::PublicKey> public_key;
  /// Called only when no valid signature is there yet: it may ask for a passphrase.
  std::function<trust::PrivateKey()> private_key;
  std::string key_file;   ///< that it is from, for messages
  Statements statements;  ///< attached after the signature, before any tag moves
  /// Attaches more, likewise; returns whether it changed anything. May be null.
  std::function<bool()> attach_more;
  bool thorough = false;  ///< as registry::CopyOptions has it
  unsigned parallel = 4;
  std::function<void(std::uint64_t, std::uint64_t)> progress;  ///< bytes sent, of all
};

struct Published {
  bool changed = false;  ///< something was sent, signed or tagged
  std::string taken;     ///< the fixed tag that another image has got meanwhile; else empty
  std::uint64_t bytes_sent = 0;
};

/// Puts tags on an image that is there, the fixed ones first: each of these is looked at just
/// before and read back afterwards, because another writer may be at it. Returns the fixed tag that
/// another image has, with no tag put after it; else "". What is put in the time between looking
/// and putting would be lost: registries have no conditional writes. Who shares a store holds a
/// lock meanwhile.
std::string put_tags(image::Repository& to,
                     const image::Descriptor& manifest,
                     const std::string& bytes,
                     const std::vector<std::string>& tags,
                     const std::vector<std::string>& fixed);

/// Puts an image of the store into a repository: blobs, manifest by digest, signatures, statements,
/// tags last (put_tags). Does nothing that is done already. Killed at any instant, old tags stand.
Published publish(store::Store& store,
                  const image::Descriptor& manifest,
                  image::Repository& to,
                  const PublishOptions& options,
                  const Cancel& cancel);

/// The images that the store holds as blobs, as a read-only repository without tags. With the name
/// of a repository that may hold them as well, copies to its registry try to mount them from there.
std::unique_ptr<image::Repository> store_repository(store::Store& store,
                                                    std::string name = "store");

}  // namespace cullet::build
