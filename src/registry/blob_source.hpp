// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cullet/base/stream.hpp"
#include "cullet/image/descriptor.hpp"

#include "connection.hpp"

namespace cullet::registry {

/// The blob's bytes, verified while read. A transfer that breaks off goes on from there. Throws
/// Kind::refused when the registry has no such blob, or other bytes. `connection` must outlive it.
std::unique_ptr<Source> open_blob_source(Connection& connection, const image::Descriptor& blob);

/// `inner` verified against the blob's digest and size; owns it.
std::unique_ptr<Source> verified(std::unique_ptr<Source> inner, const image::Descriptor& blob);

}  // namespace cullet::registry
