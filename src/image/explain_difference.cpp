// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/explain_difference.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/manifest.hpp"

#include "layer_difference.hpp"

namespace cullet::image {

namespace {

constexpr std::string_view kCompressor = "org.cullet.compressor";

/// One of the two images, as its documents say.
struct Side {
  Repository& in;
  Manifest manifest;
  Json manifest_json, config_json;
  std::vector<std::string> titles;  ///< of its layers

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
    for (std::size_t index = 0; index < std::min(titles.size(), config.layers.size()); ++index)
      if (const auto& by = config.layers[index].created_by; by.starts_with(kOurs))
        titles[index] += cat(" (", excerpt(by.substr(kOurs.size())), ")");
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
    for (const auto& [a, b] : pairs())
      other_content |= !layer(a, b);
    report_.compression_alone = !other_content && packed_otherwise_;
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
  using Pair = std::pair<std::optional<std::size_t>, std::optional<std::size_t>>;

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

  /// Which layer to hold against which: those that are equal, those made of the same, the rest in
  /// order. Pairs of equal layers are left out.
  [[nodiscard]] std::vector<Pair> pairs() const {
    const auto& a = first_.manifest.layers;
    const auto& b = second_.manifest.layers;
    std::vector<std::size_t> mine, others;
    std::multiset<BlobDigest> there, here;
    for (const auto& layer : b)
      there.insert(layer.digest);
    for (const auto& layer : a)
      here.insert(layer.digest);
    for (std::size_t i = 0; i < a.size(); ++i)
      if (!there.contains(a[i].digest))
        mine.push_back(i);
    for (std::size_t i = 0; i < b.size(); ++i)
      if (!here.contains(b[i].digest))
        others.push_back(i);
    std::vector<Pair> out;
    const auto content = [](const std::string& title) { return title.substr(title.find('(') + 1); };
    for (auto at = mine.begin(); at != mine.end();) {
      const auto found = std::find_if(others.begin(), others.end(), [&](std::size_t other) {
        return first_.titles[*at].find('(') != std::string::npos &&
               content(first_.titles[*at]) == content(second_.titles[other]);
      });
      if (found == others.end()) {
        ++at;
        continue;
      }
      out.emplace_back(*at, *found);
      others.erase(found);
      at = mine.erase(at);
    }
    for (std::size_t i = 0; i < std::max(mine.size(), others.size()); ++i)
      out.emplace_back(i < mine.size() ? std::optional(mine[i]) : std::nullopt,
                       i < others.size() ? std::optional(others[i]) : std::nullopt);
    return out;
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
