// SPDX-License-Identifier: Apache-2.0
#include "image_difference.hpp"

#include <algorithm>

#include "cullet/attest/bill.hpp"
#include "cullet/attest/provenance.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/image_parts.hpp"

#include "input_texts.hpp"
#include "newest_statement.hpp"
#include "other_view.hpp"
#include "statement_keys.hpp"

namespace cullet::cli {

namespace {

constexpr std::uint64_t kLargestStatus = std::uint64_t{32} << 20U;

/// "Package" and "Version" of each paragraph of a file as dpkg keeps it.
void read_status(std::string_view text, attest::Versions& into) {
  std::string name, version;
  const auto flush = [&] {
    if (!name.empty() && !version.empty())
      into[{"package", name}] = version;
    name.clear();
    version.clear();
  };
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    constexpr std::string_view kName = "Package: ", kVersion = "Version: ";
    if (line.empty())
      flush();
    else if (line.starts_with(kName))
      name = trim(line.substr(kName.size()));
    else if (line.starts_with(kVersion))
      version = trim(line.substr(kVersion.size()));
  }
  flush();
}

/// What an image without statements says of itself: its annotations, and dpkg's status in it.
attest::Versions own_versions(Session& session,
                              ResolvedImage& image,
                              const build::ImageParts& parts) {
  attest::Versions out;
  const auto& annotations = parts.manifest.annotations;
  const auto title = annotations.find("org.opencontainers.image.title");
  const auto version = annotations.find("org.opencontainers.image.version");
  if (title != annotations.end() && version != annotations.end())
    out[{"component", title->second}] = version->second;
  const auto options = read_options(session);
  const auto contents =
      image::read_contents(*image.repository, image.manifest, session.cancel(), options);
  constexpr std::string_view kStatus = "var/lib/dpkg/status";
  const auto wanted = [&](const std::string& path, const image::File& file) {
    return (path == kStatus ||
            (path.starts_with(cat(kStatus, ".d/")) && !path.ends_with(".md5sums"))) &&
           file.entry.size <= kLargestStatus;
  };
  const auto visit = [&](const std::string&, const std::string& bytes) { read_status(bytes, out); };
  image::read_files(
      *image.repository, image.manifest, contents, wanted, session.cancel(), visit, options);
  return out;
}

/// Manifest and config without what follows from the layers.
Json settings_of(ResolvedImage& image, const build::ImageParts& parts) {
  const auto blob = image.repository->open_blob(parts.manifest.config);
  auto config = parse_json(
      read_all(*blob, image::kMaxConfigBytes, "a config"), "a config", image::kMaxConfigBytes);
  if (config.is_object())
    for (const auto* const key : {"rootfs", "history"})
      config.erase(key);
  return {{"annotations", parts.manifest.annotations}, {"config", std::move(config)}};
}

class Gathering {
 public:
  Gathering(Session& session, ImageDifference& out, std::vector<trust::PublicKey> keys)
      : session_(session),
        out_(out),
        keys_(std::move(keys)),
        before_(build::read_parts(*out.before.repository, out.before.manifest)),
        after_(build::read_parts(*out.after.repository, out.after.manifest)) {}

  void settings() {
    const auto first = settings_of(out_.before, before_).dump();
    const auto second = settings_of(out_.after, after_).dump();
    if (first != second)
      out_.settings = image::explain_bytes(first, second, {});
    const auto changed = build::changed_settings(before_, after_, true);
    out_.other_config = std::any_of(changed.begin(), changed.end(), [](const std::string& one) {
      return one.starts_with("@config/");
    });
  }

  void versions() {
    const auto was = versions_of(out_.before, before_), is = versions_of(out_.after, after_);
    for (const auto& [what, version] : was) {
      const auto found = is.find(what);
      if (found == is.end() || found->second != version)
        out_.versions.push_back(
            {what.first, what.second, version, found == is.end() ? std::string() : found->second});
    }
    for (const auto& [what, version] : is)
      if (!was.contains(what))
        out_.versions.push_back({what.first, what.second, "", version});
  }

  void why() {
    const auto was = statement(out_.before, attest::kProvenanceType);
    const auto is = statement(out_.after, attest::kProvenanceType);
    if (!was || !is)
      return;
    out_.why.emplace();
    for (auto& input : with_context("comparing the two provenances",
                                    [&] { return attest::changed_inputs(*was, *is); })) {
      std::vector<image::Finding> lines;
      if (input.kind == "recipe" || input.kind == "workspace")
        lines = changed_lines(session_, out_.before, out_.after, input);
      out_.why->push_back({std::move(input), std::move(lines)});
    }
  }

 private:
  std::optional<Json> statement(ResolvedImage& image, std::string_view type) {
    if (keys_.empty())
      return std::nullopt;
    auto found = newest_statement(image, keys_, type);
    if (!found.predicate && type == attest::kProvenanceType)
      out_.notes.push_back(cat("why is not known: ",
                               image_name(image),
                               " has no provenance by this key",
                               found.problems.empty() ? "" : ": ",
                               join(found.problems, "; ")));
    return std::move(found.predicate);
  }

  attest::Versions versions_of(ResolvedImage& image, const build::ImageParts& parts) {
    if (const auto spdx = statement(image, attest::kSpdxType))
      return attest::versions_of(*spdx);
    return own_versions(session_, image, parts);
  }

  Session& session_;
  ImageDifference& out_;
  std::vector<trust::PublicKey> keys_;
  build::ImageParts before_, after_;
};

/// The keys to believe; none, with a note, where none was asked for and there is none.
std::vector<trust::PublicKey> keys_of(Session& session,
                                      const std::vector<std::string>& files,
                                      std::vector<std::string>& notes) {
  try {
    return statement_keys(session, files);
  } catch (const Error& error) {
    if (!files.empty() || error.kind() == Kind::interrupted)
      throw;
    notes.push_back(cat("why is not known: ", error.message(), "; --key names a public key"));
    return {};
  }
}

}  // namespace

ImageDifference compare_images(Session& session,
                               ResolvedImage before,
                               ResolvedImage after,
                               const std::vector<std::string>& keys,
                               bool inside) {
  ImageDifference out;
  out.before = std::move(before);
  out.after = std::move(after);
  if (out.before.manifest.digest == out.after.manifest.digest)
    return out;
  out.compared = image::compare(*out.before.repository,
                                out.before.manifest,
                                *out.after.repository,
                                out.after.manifest,
                                image::Depth::libraries,
                                session.cancel(),
                                read_options(session));
  Gathering gathering(session, out, keys_of(session, keys, out.notes));
  gathering.settings();
  gathering.versions();
  gathering.why();
  if (inside) {
    image::DifferenceOptions options;
    options.detail = other_view(session, "diffoscope");
    out.inside = image::explain_difference(*out.before.repository,
                                           out.before.manifest,
                                           *out.after.repository,
                                           out.after.manifest,
                                           options,
                                           session.cancel());
  }
  return out;
}

}  // namespace cullet::cli
