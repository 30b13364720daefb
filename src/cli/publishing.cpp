// SPDX-License-Identifier: Apache-2.0
#include "publishing.hpp"

#include <algorithm>
#include <set>

#include "cullet/attest/provenance.hpp"
#include "cullet/attest/vex.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/image_parts.hpp"
#include "cullet/build/new_patches.hpp"
#include "cullet/build/tags.hpp"

#include "place_tags.hpp"

namespace cullet::cli {

namespace {

/// Others may count on, but not for ever.
constexpr int kCounts = 20;

constexpr std::string_view kUnsigned = "build with --no-sign";

/// Throws Kind::refused for a change that is out of scope; with --json, the record of it first.
void demand_inside(Session& session,
                   const PublishedImage& image,
                   const PublishedImage::Place& place,
                   const build::ChangeScope& scope) {
  if (session.options().json && place.change->outside() > 0)
    session.print({{"recipe", image.recipe->name}, {"refused", true}, {"image", place.to_json()}});
  place.change->demand_inside(scope);
}

}  // namespace

Json to_json(const build::KeepReport& report) {
  return {{"count", report.list.inputs.size()},
          {"bytes", report.list.bytes()},
          {"changed", report.changed},
          {"blobs_sent", report.blobs_sent},
          {"blobs_present", report.blobs_present},
          {"bytes_sent", report.bytes_sent}};
}

Json PublishedImage::Place::to_json() const {
  Json out{{"reference", reference.str()}, {"tags", tags}};
  if (change)
    out["change"] = change->to_json();
  if (inputs)
    out["inputs"] = *inputs;
  return out;
}

Json PublishedImage::to_json() const {
  auto out = places.front().to_json();
  out["digest"] = manifest.digest.str();
  out["config"] = content.config.digest.str();
  out["size"] = size;
  out["pushed"] = Json::array();
  for (std::size_t index = 1; index < places.size(); ++index)
    out["pushed"].push_back(places[index].to_json());
  return out;
}

Publisher::Publisher(Session& session,
                     const build::Context& context,
                     const plan::Plan& plan,
                     ProgressView& view,
                     PublishRequest request)
    : session_(session), context_(context), plan_(plan), view_(view), request_(std::move(request)) {
  for (const auto& target : plan_.targets)
    if (target.image)
      destinations(target);
  if (!signs())
    return;
  public_key_ = session_.public_key("", kUnsigned);
  if (!request_.no_attest)
    attestation_public_key_ = session_.attestation_public_key();
}

bool Publisher::signs() const {
  return !request_.no_sign &&
         std::any_of(plan_.targets.begin(), plan_.targets.end(), [&](const auto& target) {
           return target.image && plan::edited_forks(plan_.nodes[*target.image]).empty();
         });
}

std::vector<registry::Reference> Publisher::destinations(const plan::Plan::Target& target) {
  const auto& name = target.recipe->name;
  std::vector<registry::Reference> out{session_.home(name)};
  for (const auto& text : request_.push)
    out.push_back(session_.destination(request_.prefixes ? cat(text, "/", name) : text));
  for (const auto& reference : out)
    if (session_.options().offline && !reference.layout)
      throw Error(Kind::usage, cat("--offline: ", reference.str(), " is in a registry"))
          .hint("build with --no-publish, and without --offline to push what is in the store then");
  return out;
}

void Publisher::look_ahead() {
  try_passphrase();
  std::set<std::string> hosts;
  for (const auto& target : plan_.targets) {
    if (!target.image)
      continue;
    for (const auto& reference : destinations(target)) {
      if (reference.layout || !hosts.insert(reference.host).second)
        continue;
      try {
        session_.check_writable(reference);
      } catch (const Error& error) {
        if (error.kind() == Kind::interrupted)
          throw;
        view_.note(cat("warning: ", printable(error.message())));
        for (const auto& hint : error.hints())
          view_.note(cat("  ", hint));
        view_.note("  what is built meanwhile stays in the store: the same command pushes it then");
      }
    }
  }
}

void Publisher::try_passphrase() {
  if (!public_key_ || !session_.passphrase_given())
    return;
  if (session_.has_private_key())
    private_key();
  if (attestation_public_key_ && session_.has_attestation_private_key())
    attestation_private_key();
}

void Publisher::prepare(const plan::Plan::Target& target) {
  PublishedImage image;
  image.recipe = target.recipe;
  image.target = &target;
  image.manifest = build::built_image(plan_, target);
  image.content = image::Manifest::parse(
      session_.store().read_blob(image.manifest.digest, image::kMaxManifestBytes), "image");
  image.edited = !plan::edited_forks(plan_.nodes[*target.image]).empty();
  image.size = image.manifest.size + image.content.config.size;
  for (const auto& layer : image.content.layers)
    image.size += layer.size;
  build::remember_inputs(context_, plan_, target);

  const auto rules = plan::tag_rules(session_.workspace(), *target.recipe);
  for (auto& reference : destinations(target)) {
    image.places.push_back(place(image, std::move(reference), rules));
    hold_against_standing(image, image.places.back(), rules);
  }
  images_.push_back(std::move(image));
}

PublishedImage::Place Publisher::place(const PublishedImage& image,
                                       registry::Reference reference,
                                       const plan::TagRules& rules) {
  PublishedImage::Place out;
  out.repository = session_.repository(reference, true);
  out.scratch = image.places.empty() && is_scratch(session_, reference);
  out.tags_given = !reference.tag.empty();
  if (image.edited) {
    out.tags = edits_tags(reference, rules);
  } else if (out.tags_given) {
    out.tags = {reference.tag};
    for (const auto& tag : rules.tags)
      if (tag.fixed && plan::says_version(reference.tag, tag.text) && !request_.force)
        out.fixed = out.tags;
  } else {
    choose_tags(image, out, rules);
  }
  if (!out.counted)
    build::demand_unmoved(*out.repository, out.fixed, image.manifest.digest);
  reference.tag = out.tags.front();
  out.reference = std::move(reference);
  return out;
}

void Publisher::choose_tags(const PublishedImage& image,
                            PublishedImage::Place& place,
                            const plan::TagRules& rules) {
  const auto at_home = image.places.empty() ? "" : image.places.front().tags.front();
  place.tags = build::tags_for(*place.repository, rules, image.manifest.digest, at_home);
  place.counted = rules.patched;
  if (rules.patched) {
    place.fixed = {place.tags.front()};
    return;
  }
  if (request_.force)
    return;
  for (const auto& tag : rules.tags) {
    if (!tag.fixed)
      continue;
    if (!place.scratch) {
      place.fixed.push_back(tag.text);
      continue;
    }
    const auto there = place.repository->find_tag(tag.text);
    if (there && there->digest != image.manifest.digest)
      view_.note(cat("note: ",
                     image.recipe->name,
                     ":",
                     tag.text,
                     " was ",
                     there->digest,
                     " in this workspace (a registry would not let it move)"));
  }
}

void Publisher::hold_against_standing(const PublishedImage& image,
                                      PublishedImage::Place& place,
                                      const plan::TagRules& rules) {
  if (!request_.scope && (!rules.patched || image.edited))
    return;
  // A tag that the user named is alone there; else the first of several may be the image's own.
  auto standing = place.tags_given ? place.repository->find_tag(place.tags.front()) : std::nullopt;
  if (!standing)
    standing = build::standing_image(*place.repository, rules);
  with_context(cat("holding ", image.recipe->name, " against ", place.repository->name()), [&] {
    if (!request_.scope) {
      if (standing && standing->digest != image.manifest.digest)
        hold_new_patches(image, place, *standing);
      return;
    }
    place.change = build::compare(
        context_, plan_, *image.target, *place.repository, standing, *request_.scope);
    demand_inside(session_, image, place, *request_.scope);
  });
}

void Publisher::hold_new_patches(const PublishedImage& image,
                                 PublishedImage::Place& place,
                                 const image::Descriptor& standing) {
  const auto before = place.repository->find_manifest(standing.digest);
  if (!before || before->media_type == image::kIndexType)
    return;  // not one of ours
  const auto scope = build::scope_of_new_patches(session_.workspace(),
                                                 session_.lock(),
                                                 image::Manifest::parse(before->bytes, "image"),
                                                 image.content,
                                                 request_.allowed);
  if (!scope)
    return;
  place.change =
      build::compare(context_, plan_, *image.target, *place.repository, standing, *scope);
  if (!place.scratch)
    demand_inside(session_, image, place, *scope);
  else if (const auto outside = place.change->outside(); outside > 0)
    view_.note(cat("note: ",
                   image.recipe->name,
                   ": ",
                   outside,
                   " of the changes do not come from the patched fork ",
                   scope->because.name,
                   ": a push would be refused unless --allow names them"));
}

std::vector<PublishedImage> Publisher::publish() {
  for (auto& image : images_) {
    image.statements = statements_of(image);
    for (auto& place : image.places) {
      const bool home = &place == &image.places.front();
      with_context(cat(home ? "publishing " : "pushing to ", place.reference.str()),
                   [&] { publish(image, place); });
      if (!home)
        view_.note(cat("pushed ", place.reference.str()));
    }
    image.statements = {};
  }
  return std::move(images_);
}

void Publisher::publish(const PublishedImage& image, PublishedImage::Place& place) {
  const auto lock = lock_tags(session_, *place.repository, place.reference);
  for (int count = 0; count < kCounts; ++count) {
    recount(image, place);
    const auto taken = publish_once(image, place);
    if (taken.empty())
      return;
    build::demand_unmoved(*place.repository,
                          place.counted ? std::vector<std::string>() : place.fixed,
                          image.manifest.digest);
  }
  throw Error(Kind::machine,
              cat("others take every tag of ",
                  place.repository->name(),
                  " before this image has it: the last was ",
                  place.tags.front()))
      .hint("try again when they are done");
}

void Publisher::recount(const PublishedImage& image, PublishedImage::Place& place) {
  if (!place.counted)
    return;
  const auto there = place.repository->find_tag(place.tags.front());
  if (!there || there->digest == image.manifest.digest)
    return;
  choose_tags(image, place, plan::tag_rules(session_.workspace(), *image.recipe));
  place.reference.tag = place.tags.front();
}

std::string Publisher::publish_once(const PublishedImage& image, PublishedImage::Place& place) {
  build::PublishOptions options;
  options.tags = place.tags;
  options.fixed = place.fixed;
  options.thorough = request_.force || place.reference.layout;
  if (!request_.no_sign && !image.edited) {
    options.public_key = public_key_;
    options.private_key = [&] { return private_key(); };
    options.key_file = session_.workspace().config.signing_key;
  }
  options.statements = image.statements;
  add_vex(image, place, options.statements);
  if (request_.keep_inputs && !image.edited)
    options.attach_more = [&] { return keep_inputs(image, place); };
  const auto title = cat("pushing ", image.recipe->name);
  options.progress = [&](std::uint64_t sent, std::uint64_t of) { view_.transfer(title, sent, of); };
  // From the store each time, and signed again: a signature names the reference it was made for.
  return build::publish(
             session_.store(), image.manifest, *place.repository, options, session_.cancel())
      .taken;
}

bool Publisher::keep_inputs(const PublishedImage& image, PublishedImage::Place& place) {
  if (!shared_inputs_)
    shared_inputs_ = session_.shared_inputs(true);
  const auto& shared = session_.workspace().config.inputs;
  if (!shared_inputs_ && !shared.empty())
    view_.note(cat("offline: the inputs of ", image.recipe->name, " are not kept in ", shared));
  const auto report = build::keep_inputs(
      context_, plan_, *image.target, *place.repository, image.manifest, shared_inputs_.get());
  place.inputs = to_json(report);
  view_.note(cat("kept ",
                 report.list.inputs.size(),
                 " inputs of ",
                 image.recipe->name,
                 ": ",
                 human_size(report.bytes_sent),
                 " of ",
                 human_size(report.list.bytes()),
                 " sent"));
  return report.changed;
}

trust::PrivateKey Publisher::private_key() {
  if (!key_)
    key_ = session_.private_key("", kUnsigned);
  return *key_;
}

trust::PrivateKey Publisher::attestation_private_key() {
  if (!attestation_key_)
    attestation_key_ = session_.attestation_private_key();
  return *attestation_key_;
}

build::Statements Publisher::statements_of(const PublishedImage& image) {
  build::Statements out;
  if (request_.no_sign || request_.no_attest || image.edited)
    return out;
  out.public_key = attestation_public_key_;
  if (!out.public_key) {
    view_.note(cat("no provenance, no SBOM and no VEX: there is no key ",
                   session_.workspace().config.attestation_key,
                   " (`cullet key new` makes it; --no-attest leaves them out)"));
    return out;
  }
  out.private_key = [this] { return attestation_private_key(); };
  out.key_file = session_.workspace().config.attestation_key;
  out.list = build::statements(context_,
                               plan_,
                               *image.target,
                               {.version = CULLET_VERSION,
                                .started = request_.started,
                                .finished = session_.environment().now(),
                                .cyclonedx = request_.cyclonedx});
  if (request_.keep_inputs)
    for (auto& statement : out.list)
      if (statement.claim.predicate_type == attest::kProvenanceType)
        statement.same = attest::same_provenance_of_files;
  return out;
}

void Publisher::add_vex(const PublishedImage& image,
                        const PublishedImage::Place& place,
                        build::Statements& statements) {
  if (!statements.public_key)
    return;
  attest::VexOrigin origin;
  origin.author = request_.author.empty() ? cat("the holder of key ", statements.public_key->hint())
                                          : request_.author;
  origin.time = session_.environment().now();
  origin.repository = place.reference.layout ? "" : place.repository->name();
  if (auto claim = attest::vex_claim(
          image.manifest, image.content, image.recipe->name, session_.workspace(), origin))
    statements.list.push_back({std::move(*claim), attest::same_statements});
}

}  // namespace cullet::cli
