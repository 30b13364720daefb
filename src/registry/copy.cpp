// SPDX-License-Identifier: Apache-2.0
#include "cullet/registry/copy.hpp"

#include <set>

#include "cullet/base/error.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/registry/reference.hpp"

#include "manifest_types.hpp"
#include "tag_copy.hpp"
#include "transfer.hpp"

namespace cullet::registry {
namespace {

using image::Descriptor;

// An image has a handful, and a few more from each build of other sources that comes to it; as many
// as Referrers lists.
constexpr std::size_t kMaxSubjects = 10'000;
constexpr unsigned kMaxDepth = 8;

class Copying {
 public:
  Copying(image::Repository& from,
          const Descriptor& manifest,
          image::Repository& to,
          const CopyOptions& options,
          const Cancel& cancel)
      : from_(from),
        manifest_(manifest),
        to_(to),
        options_(options),
        cancel_(cancel),
        transfer_(from, to, options, cancel, report_) {}

  CopyReport run() {
    std::vector<std::string> stale;
    for (const auto& tag : options_.tags)
      if (const auto there = to_.find_tag(tag); !there || there->digest != manifest_.digest)
        stale.push_back(tag);
    // A tag that points at it says that the image is there, for it was put last.
    if (options_.thorough || options_.tags.empty() || stale.size() == options_.tags.size())
      transfer_.copy(manifest_);
    if (options_.referrers)
      copy_referrers(manifest_, 0);
    if (!stale.empty()) {
      const auto found = Transfer::read(from_, manifest_);
      for (const auto& tag : stale) {
        cancel_.check();
        to_.put_tag(tag, Descriptor::of(found.bytes, found.media_type), found.bytes);
      }
    }
    return report_;
  }

 private:
  void copy_referrers(const Descriptor& subject, unsigned depth) {
    cancel_.check();
    if (!seen_.insert(subject.digest).second)
      return;
    if (seen_.size() > kMaxSubjects || depth > kMaxDepth)
      throw Error(Kind::input,
                  cat("too much refers to ",
                      manifest_.digest,
                      " in ",
                      from_.name(),
                      ": more than ",
                      kMaxSubjects,
                      " manifests or ",
                      kMaxDepth,
                      " deep"));
    const auto referrers = from_.referrers(subject.digest);
    // Looked at once more when something was added: where a tag lists the referrers, another writer
    // may have put back an older list meanwhile.
    bool added = !referrers.empty();
    for (int pass = 0; pass < 2 && added; ++pass) {
      const auto missing = to_.missing_referrers(subject.digest, referrers);
      for (const auto& referrer : missing) {
        transfer_.copy(referrer, true);
        report_.referrers += pass == 0 ? 1 : 0;
      }
      added = !missing.empty();
    }
    for (const auto* suffix : {".sig", ".att", ".sbom"})
      if (copy_signature_tag(from_, to_, cat("sha256-", subject.digest.hex(), suffix), transfer_))
        ++report_.referrers;
    for (const auto& referrer : referrers)
      copy_referrers(referrer, depth + 1);
    if (!is_index_type(subject.media_type))
      return;
    const auto index = Transfer::read(from_, subject);
    for (const auto& child :
         image::Index::parse(index.bytes, cat("index ", subject.digest)).manifests)
      copy_referrers(child, depth + 1);
  }

  image::Repository& from_;
  const Descriptor& manifest_;
  image::Repository& to_;
  const CopyOptions& options_;
  const Cancel& cancel_;
  CopyReport report_;
  Transfer transfer_;
  std::set<BlobDigest> seen_;
};

}  // namespace

bool in_one_registry(const image::Repository& a, const image::Repository& b) {
  const auto host = [](const std::string& name) {
    return name.starts_with("oci:") || name.find('/') == name.npos ? std::string()
                                                                   : Reference::parse(name).host;
  };
  const auto first = host(a.name());
  return !first.empty() && first == host(b.name());
}

CopyReport copy_image(image::Repository& from,
                      const Descriptor& manifest,
                      image::Repository& to,
                      const CopyOptions& options,
                      const Cancel& cancel) {
  return Copying(from, manifest, to, options, cancel).run();
}

}  // namespace cullet::registry
