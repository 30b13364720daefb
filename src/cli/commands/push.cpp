// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/tags.hpp"
#include "cullet/image/manifest.hpp"

#include "../command.hpp"
#include "../edits.hpp"
#include "../place_tags.hpp"
#include "../progress_view.hpp"
#include "../resolve.hpp"

namespace cullet::cli {

namespace {

/// The version that an image of ours says it is of; "" for others.
std::string version_of(const ResolvedImage& image) {
  const auto found = image.repository->find_manifest(image.manifest.digest);
  if (!found || found->media_type == image::kIndexType)
    return "";
  const auto annotations = image::Manifest::parse(found->bytes, image.reference.str()).annotations;
  const auto version = annotations.find("org.opencontainers.image.version");
  return version == annotations.end() ? "" : version->second;
}

int push(Session& session, const std::string& from_text, const std::string& to_text, bool force) {
  auto to = session.destination(to_text);
  const auto from = resolve_image(session, from_text);
  if (to.tag.empty())
    to.tag = from.reference.tag;
  if (!to.tag.ends_with(kEditsSuffix))
    refuse_edits(*from.repository, from.manifest, cat("push as '", to.tag, "'"));
  registry::CopyOptions options;
  registry::CopyReport report;
  {
    ProgressView view(session.environment());
    const auto title = cat("pushing ", from.reference.str());
    options.progress = [&](std::uint64_t sent, std::uint64_t of) {
      view.transfer(title, sent, of);
    };
    options.thorough = force || to.layout;
    const auto repository = session.repository(to, true);
    std::function<void()> demand_free;
    if (!force && plan::says_version(to.tag, version_of(from)))
      demand_free = [&] { build::demand_unmoved(*repository, {to.tag}, from.manifest.digest); };
    report = copy_and_tag(
        session, *from.repository, from.manifest, *repository, to, options, demand_free);
  }
  if (session.options().json)
    session.print({{"reference", to.str()},
                   {"digest", from.manifest.digest.str()},
                   {"blobs_sent", report.blobs_sent},
                   {"blobs_present", report.blobs_present},
                   {"bytes_sent", report.bytes_sent},
                   {"referrers", report.referrers}});
  else
    session.environment().out << cat(to.str(),
                                     "@",
                                     from.manifest.digest,
                                     ": ",
                                     human_size(report.bytes_sent),
                                     " sent, ",
                                     report.blobs_present,
                                     " blobs were there, ",
                                     report.referrers,
                                     " signatures and attestations")
                              << '\n';
  return 0;
}

}  // namespace

void register_push(CLI::App& app, Action& chosen) {
  auto from = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  auto* command = add_command(app,
                              "push",
                              "copy an image with its signatures and attestations",
                              "cullet push nginx registry.example.com/prod/nginx:1.22.1");
  command->add_option("ref", *from, kReference)->required();
  command->add_option("to", *to, "where to: HOST/NAME:TAG or oci:PATH:TAG")->required();
  auto force = std::make_shared<bool>(false);
  command->add_flag(
      "--force",
      *force,
      "move a tag that says the image's version; ask for every blob, as a registry may lose one");
  command->callback([from, to, force, &chosen] {
    chosen = [from, to, force](Session& session) { return push(session, *from, *to, *force); };
  });
}

}  // namespace cullet::cli
