// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/image/manifest.hpp"

namespace cullet::build {

namespace {

/// Reads the lists beside a manifest, one after another, and each once: parts of one share it.
class Lists {
 public:
  Lists(image::Repository& from, const image::Descriptor& manifest)
      : from_(from), carriers_(from.referrers(manifest.digest, std::string(kInputsType))) {}

  /// Up to the first list that `takes` takes, by not throwing. nullopt: there are none at all.
  std::optional<InputsManifest> find(const std::function<void(const InputsManifest&)>& takes) {
    std::optional<Error> failure;
    for (const auto& carrier : carriers_) {
      try {
        if (auto list = read(carrier.digest)) {
          takes(*list);
          return list;
        }
      } catch (const Error& error) {
        if (error.kind() != Kind::input && error.kind() != Kind::refused)
          throw;
        failure = error;
      }
      if (++looked_at_ == kMostListsRead || bytes_ >= kMaxListsBytesRead)
        break;
    }
    if (looked_at_ < carriers_.size())
      throw Error(Kind::input, "the list of inputs that is wanted was not found")
          .detail(cat(looked_at_, " of ", carriers_.size(), " were read"))
          .detail(failure.value().message());
    if (failure)
      throw Error(*failure);
    return std::nullopt;
  }

 private:
  /// nullopt: it has been read.
  std::optional<InputsManifest> read(const BlobDigest& carrier) {
    const auto found = from_.find_manifest(carrier);
    if (!found)
      throw Error(Kind::input, cat("the inputs artifact ", carrier, " is not there"));
    const auto config = image::Manifest::parse(found->bytes, carrier.str()).config;
    if (!seen_.insert(config.digest).second)
      return std::nullopt;
    const auto what = cat("the list of inputs ", config.digest);
    if (config.media_type != kInputsType || config.size > kMaxInputListBytes)
      throw Error(Kind::input, cat(what, " is none, or too large"));
    bytes_ += config.size;
    const auto source = from_.open_blob(config);
    return InputsManifest::parse(read_all(*source, kMaxInputListBytes, what), what);
  }

  image::Repository& from_;
  const std::vector<image::Descriptor> carriers_;
  std::set<BlobDigest> seen_;
  std::size_t looked_at_ = 0;
  std::uint64_t bytes_ = 0;
};

template <class Work>
auto looking(const image::Repository& from, const image::Descriptor& manifest, const Work& work) {
  return with_context(
      [&] { return cat("looking for the inputs of ", from.name(), "@", manifest.digest); }, work);
}

/// The index of the first demand that a list meets; throws what is wrong with the last.
std::size_t first_met(const InputsManifest& list, const std::vector<DemandedInputs>& demanded) {
  for (std::size_t i = 0; i + 1 < demanded.size(); ++i) {
    try {
      demanded[i].check(list);
      return i;
    } catch (const Error& error) {
      if (error.kind() != Kind::refused)
        throw;
    }
  }
  demanded.back().check(list);
  return demanded.size() - 1;
}

}  // namespace

std::optional<InputsManifest> find_inputs(image::Repository& from,
                                          const image::Descriptor& manifest) {
  return looking(
      from, manifest, [&] { return Lists(from, manifest).find([](const InputsManifest&) {}); });
}

std::optional<FoundInputs> find_demanded_inputs(image::Repository& from,
                                                const image::Descriptor& manifest,
                                                const std::vector<DemandedInputs>& demanded) {
  if (demanded.empty())
    throw Error(Kind::internal, "no inputs are demanded");
  return looking(from, manifest, [&]() -> std::optional<FoundInputs> {
    std::size_t met = 0;
    auto list = Lists(from, manifest).find([&](const InputsManifest& one) {
      met = first_met(one, demanded);
    });
    if (!list)
      return std::nullopt;
    return FoundInputs{std::move(*list), met};
  });
}

}  // namespace cullet::build
