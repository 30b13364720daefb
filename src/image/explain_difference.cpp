// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/explain_difference.hpp"

#include <algorithm>
#include <optional>

#include "cullet/base/error.hpp"
#include "cullet/image/manifest.hpp"

#include "layer_difference.hpp"
#include "layer_matches.hpp"

namespace cullet::image {

namespace {

constexpr std::string_view kCompressor = "org.cullet.compressor";

/// One of the two images, as its documents say.
struct Side {
  Repository& in;
  Manifest manifest;
  Json manifest_json, config_json;
  std::vector<std::string> titles;   ///< of its layers
  std::vector<std::string> made_of;  ///< each of them, where the history says so

  Side(Repository& repository, const Descriptor& descriptor)
      : in(repository), manifest(read_manifest(repository, descriptor)) {
    const auto what = cat(in.name(), "@", descriptor.digest);
    const auto bytes = in.find_manifest(descriptor.digest);
    if (!bytes)
      throw Error(Kind::input, cat(what, " is not there"));
    manifest_json = parse_json(bytes->bytes, what, kMaxManifestBytes);
    const auto blob = in.open_blob(manifest.config);
    const auto config = read_all(*blob, kMaxConfigBytes, what);
    config_json = parse_json(config, cat(what, "'s config"), kMaxConfigBytes);
    for (std::size_t index = 0; index < manifest.layers.size(); ++index)
      titles.push_back(cat("layer ", index));
    name_layers(Config::parse(config, what));
  }

 private:
  void name_layers(const Config& config) {
    constexpr std::string_view kOurs = "cullet: ";
    made_of.resize(titles.size());
    for (std::size_t index = 0; index < std::min(titles.size(), config.layers.size()); ++index)
      if (const auto& by = config.layers[index].created_by; by.starts_with(kOurs)) {
        made_of[index] = by.substr(kOurs.size());
        titles[index] += cat(" (", excerpt(made_of[index]), ")");
      }
  }
};

/// What is only named in a manifest or config is told where it is, not where it is named.
Json own_fields(Json json, std::initializer_list<const char*> named) {
  if (json.is_object())
    for (const auto* const key : named)
      json.erase(key);
  return json;
}

class Explanation {
 public:
  Explanation(Side first, Side second, const DifferenceOptions& options, const Cancel& cancel)
      : first_(std::move(first)),
        second_(std::move(second)),
        options_(options),
        layers_(options, report_.notes, cancel) {}

  DifferenceReport make(const BlobDigest& first, const BlobDigest& second) && {
    report_.first = first;
    report_.second = second;
    if (first == second)
      return std::move(report_);
    document("manifest",
             own_fields(first_.manifest_json, {"config", "layers"}),
             own_fields(second_.manifest_json, {"config", "layers"}));
    document("config",
             own_fields(first_.config_json, {"rootfs"}),
             own_fields(second_.config_json, {"rootfs"}));
    bool other_content = !only_compressor_named();
    const auto matches = match_layers(
        first_.manifest.layers, first_.made_of, second_.manifest.layers, second_.made_of);
    other_content |= !order(out_of_order(matches));
    for (const auto* list : {&matches.made_of_same, &matches.rest})
      for (const auto& [a, b] : *list)
        other_content |= !layer(a, b);
    report_.compression_alone = !other_content && packed_otherwise_;
    if (report_.findings.empty())
      descriptors();
    if (report_.findings.empty())
      report_.findings.push_back({"manifest",
                                  "it is written otherwise, and says the same",
                                  Cause::tool,
                                  "each tool writes JSON in its own way",
                                  {}});
    conclude();
    return std::move(report_);
  }

 private:
  void document(const char* name, const Json& first, const Json& second) {
    auto inside = json_findings(first, second, options_);
    if (inside.empty())
      return;
    for (auto& one : inside)
      if (one.where == cat("/annotations/", kCompressor))
        one = finding(one.where, one.what, {Cause::compressor, "the manifest names it"});
    report_.findings.push_back({name, "", Cause::unknown, {}, std::move(inside)});
  }

  /// Whether manifest and config differ in nothing but the name of the compressor.
  [[nodiscard]] bool only_compressor_named() const {
    return std::all_of(report_.findings.begin(), report_.findings.end(), [](const Finding& one) {
      return one.where == "manifest" && one.inside.size() == 1 &&
             one.inside[0].cause == Cause::compressor;
    });
  }

  /// Where all that they name is the same, how they name it.
  void descriptors() {
    const auto named = [](Json manifest) {
      manifest["config"] = own_fields(manifest["config"], {"digest", "size"});
      return manifest;
    };
    document("manifest", named(first_.manifest_json), named(second_.manifest_json));
    document("config", first_.config_json, second_.config_json);
  }

  /// True if no layer stands elsewhere.
  bool order(const std::vector<LayerMatch>& moved) {
    if (moved.empty())
      return true;
    Finding found{"layers",
                  "they stand in another order",
                  Cause::unknown,
                  "of a file that several have, the last one counts",
                  {}};
    for (const auto& [a, b] : moved)
      found.inside.push_back(
          {first_.titles[a.value()], cat("is layer ", b.value(), " of the second")});
    report_.findings.push_back(std::move(found));
    return false;
  }

  /// True if the two differ in their compression alone.
  bool layer(const std::optional<std::size_t>& a, const std::optional<std::size_t>& b) {
    if (!a || !b) {
      report_.findings.push_back(finding(a ? first_.titles[*a] : second_.titles[*b],
                                         a ? "only in the first" : "only in the second",
                                         {}));
      return false;
    }
    auto found = layers_.compare(
        {first_.in, first_.manifest.layers[*a], second_.in, second_.manifest.layers[*b]});
    packed_otherwise_ |= found.compression_alone;
    report_.findings.push_back({first_.titles[*a],
                                found.compression_alone ? "compression alone" : "content",
                                Cause::unknown,
                                {},
                                std::move(found.findings)});
    return found.compression_alone;
  }

  /// The cause that most findings have; among equals the one met first.
  void conclude() {
    struct Seen {
      std::size_t count = 0, first = 0;
      std::string because;
    };
    std::map<Cause, Seen> seen;
    std::size_t number = 0;
    const std::function<void(const Finding&, const std::string&)> walk =
        [&](const Finding& one, const std::string& above) {
          const auto place = above.empty() ? one.where : cat(above, ", ", one.where);
          if (one.cause != Cause::unknown) {
            auto& cause = seen[one.cause];
            if (cause.count++ == 0) {
              cause.first = number++;
              cause.because = cat(place, one.because.empty() ? "" : ": ", one.because);
            }
          }
          for (const auto& inner : one.inside)
            walk(inner, place);
        };
    for (const auto& one : report_.findings)
      walk(one, "");
    const Seen* best = nullptr;
    for (const auto& [cause, what] : seen) {
      if (best != nullptr &&
          (what.count < best->count || (what.count == best->count && what.first > best->first)))
        continue;
      best = &what;
      report_.cause = cause;
      report_.because = what.because;
    }
  }

  Side first_, second_;
  const DifferenceOptions& options_;
  DifferenceReport report_;
  LayerComparison layers_;
  bool packed_otherwise_ = false;
};

}  // namespace

DifferenceReport explain_difference(Repository& first_in,
                                    const Descriptor& first,
                                    Repository& second_in,
                                    const Descriptor& second,
                                    const DifferenceOptions& options,
                                    const Cancel& cancel) {
  return Explanation(Side(first_in, first), Side(second_in, second), options, cancel)
      .make(first.digest, second.digest);
}

}  // namespace cullet::image
