// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/repository.hpp"

#include <set>

#include "cullet/base/error.hpp"

namespace cullet::image {

std::vector<Descriptor> Repository::missing_referrers(const BlobDigest& subject,
                                                      const std::vector<Descriptor>& wanted) {
  std::set<BlobDigest> listed;
  for (const auto& referrer : referrers(subject))
    listed.insert(referrer.digest);
  std::vector<Descriptor> missing;
  for (const auto& referrer : wanted)
    if (!listed.contains(referrer.digest))
      missing.push_back(referrer);
  return missing;
}

Manifest read_manifest(Repository& repository, const Descriptor& descriptor) {
  const auto what = cat(repository.name(), "@", descriptor.digest);
  const auto found = repository.find_manifest(descriptor.digest);
  if (!found)
    throw Error(Kind::input, cat(what, " is not there"));
  if (found->media_type == kIndexType)
    throw Error(Kind::input, cat(what, " is an index of several images"))
        .hint("name one of them by its digest");
  return Manifest::parse(found->bytes, what);
}

}  // namespace cullet::image
