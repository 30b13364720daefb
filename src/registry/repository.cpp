// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/oci_layout.hpp"
#include "cullet/registry/remote.hpp"

namespace cullet::registry {

std::unique_ptr<image::Repository> open_repository(http::Client& client,
                                                   const Reference& reference,
                                                   const RemoteOptions& options,
                                                   bool create,
                                                   const Cancel& cancel) {
  if (reference.layout)
    return image::open_layout(reference.repository, create, cancel);
  return open_remote(client, reference, options, cancel);
}

}  // namespace cullet::registry
