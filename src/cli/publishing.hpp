// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/glob.hpp"
#include "cullet/build/change.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/build/publish.hpp"
#include "cullet/build/statements.hpp"
#include "cullet/image/descriptor.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/plan/plan.hpp"
#include "cullet/plan/tags.hpp"

#include "progress_view.hpp"
#include "session.hpp"

namespace cullet::cli {

/// How the images of one command are published: signed, with provenance, SBOM and VEX attached.
struct PublishRequest {
  std::vector<std::string> push;  ///< besides the workspace's registry
  bool prefixes = false;          ///< `push` names prefixes: each image goes to PREFIX/NAME
  bool no_sign = false;
  bool no_attest = false;    ///< neither provenance, SBOM nor VEX; nor without a signature
  bool cyclonedx = false;    ///< a CycloneDX SBOM, too
  bool keep_inputs = false;  ///< beside every image, and in the workspace's repository of inputs
  std::int64_t started = 0;
  bool force = false;                         ///< move tags that say a version
  std::string author;                         ///< of VEX; empty: the key speaks for itself
  std::optional<build::ChangeScope> scope{};  ///< what alone may change in the images
  std::vector<Glob> allowed{};                ///< what may besides, where a new patch is the reason
};

/// What keeping an image's inputs came to: {"count", "bytes", "changed", "blobs_sent",
/// "blobs_present", "bytes_sent"}.
Json to_json(const build::KeepReport& report);

/// Where an image went.
struct PublishedImage {
  struct Place {
    registry::Reference reference;  ///< with its first tag
    std::unique_ptr<image::Repository> repository;
    std::vector<std::string> tags;
    std::vector<std::string> fixed;  ///< those of `tags` that no other image may have
    bool tags_given = false;         ///< by the user, not by the rules
    bool counted = false;            ///< the first tag is a break-glass one: its number may go up
    bool scratch = false;            ///< the workspace's own layout
    /// What it changes there: with a scope, or with patches that the image before has not.
    std::optional<build::ImageChange> change;
    std::optional<Json> inputs{};  ///< what was kept: to_json() of a KeepReport

    [[nodiscard]] Json to_json() const;
  };
  const workspace::Recipe* recipe = nullptr;
  const plan::Plan::Target* target = nullptr;
  image::Descriptor manifest;
  image::Manifest content;
  build::Statements statements;  ///< the same in every place
  std::uint64_t size = 0;        ///< bytes of manifest, config and layers as stored
  bool edited = false;           ///< made from unsaved edits: neither signed nor attested
  std::vector<Place> places;     ///< the workspace's registry first

  [[nodiscard]] Json to_json() const;
};

/// Puts built images into the workspace's registry, signed unless told otherwise, with the tags of
/// their recipes, and copies them with their signatures to every place they are pushed to. One
/// built from edits is neither signed nor attested; its tags get kEditsSuffix, and so must those of
/// `push` end.
class Publisher {
 public:
  /// Made before the plan is run: it reads the public keys that images will be signed for, and
  /// throws Kind::input where the release key is needed and not there, Kind::input or Kind::usage
  /// for a place that no image can go to.
  Publisher(Session& session,
            const build::Context& context,
            const plan::Plan& plan,
            ProgressView& view,
            PublishRequest request);

  /// Tells before anything is made what would end the command when all is made. A wrong passphrase
  /// throws, where one is given and a key is here: nobody is asked, and no key is missed, as all
  /// may be signed already. A registry that takes no upload is a note: what is built meanwhile
  /// stays in the store.
  void look_ahead();
  /// Finds out where the image goes, under which tags, and what it changes there. Throws
  /// Kind::refused for a change that is out of scope and for a tag that must not move; so all
  /// images of a command are prepared before the first is published. A layout inside the workspace
  /// is scratch: what says a version moves there with an image that has no patch, and a new patch
  /// that comes with other changes is told of, not refused.
  void prepare(const plan::Plan::Target& target);
  /// Publishes all that was prepared, in order.
  std::vector<PublishedImage> publish();

 private:
  void try_passphrase();
  /// Where the target's image goes; the workspace's registry first.
  std::vector<registry::Reference> destinations(const plan::Plan::Target& target);
  PublishedImage::Place place(const PublishedImage& image,
                              registry::Reference reference,
                              const plan::TagRules& rules);
  void choose_tags(const PublishedImage& image,
                   PublishedImage::Place& place,
                   const plan::TagRules& rules);
  void hold_against_standing(const PublishedImage& image,
                             PublishedImage::Place& place,
                             const plan::TagRules& rules);
  /// For a build without a scope: throws, or says, what changes besides a patch that is new.
  void hold_new_patches(const PublishedImage& image,
                        PublishedImage::Place& place,
                        const image::Descriptor& standing);
  void publish(const PublishedImage& image, PublishedImage::Place& place);
  bool keep_inputs(const PublishedImage& image, PublishedImage::Place& place);
  /// Takes another number where the one of the place is another image's by now.
  void recount(const PublishedImage& image, PublishedImage::Place& place);
  /// Returns the tag that another image got meanwhile, or "".
  std::string publish_once(const PublishedImage& image, PublishedImage::Place& place);
  /// Whether an image of the plan is to be signed.
  [[nodiscard]] bool signs() const;
  trust::PrivateKey private_key();
  trust::PrivateKey attestation_private_key();
  build::Statements statements_of(const PublishedImage& image);
  /// Names the place, unlike other statements; nothing without patches that fix something.
  void add_vex(const PublishedImage& image,
               const PublishedImage::Place& place,
               build::Statements& statements);

  Session& session_;
  const build::Context& context_;
  const plan::Plan& plan_;
  ProgressView& view_;
  PublishRequest request_;
  std::vector<PublishedImage> images_;
  std::unique_ptr<image::Repository> shared_inputs_;
  std::optional<trust::PublicKey> public_key_, attestation_public_key_;
  std::optional<trust::PrivateKey> key_, attestation_key_;
};

}  // namespace cullet::cli
