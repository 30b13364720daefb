// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cullet/image/descriptor.hpp"
#include "cullet/image/repository.hpp"

#include "connection.hpp"

namespace cullet::registry {

/// Whether the registry has the blob, of that size.
bool blob_exists(Connection& connection, const image::Descriptor& blob);

/// Throws unless the registry lets an upload begin; the one begun is cancelled (Docker Registry
/// HTTP API V2, "Canceling an Upload"), and forgotten by registries that can't.
void check_upload(Connection& connection);

/// Mounts or uploads a blob that the registry doesn't have. Streams: memory does not grow with the
/// blob. A broken upload is resumed where the protocol can say how much arrived, else begun again.
/// Throws Kind::refused if the origin's bytes are others than the descriptor promises.
void upload_blob(Connection& connection,
                 const image::Descriptor& blob,
                 const image::BlobOrigin& origin);

}  // namespace cullet::registry
