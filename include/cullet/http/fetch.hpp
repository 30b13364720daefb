// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/base/digest.hpp"
#include "cullet/store/store.hpp"

namespace cullet::http {

class Client;

/// Something to fetch by digest from the first of `urls` that has it.
struct Download {
  std::vector<std::string> urls;  ///< http(s):// or file://
  BlobDigest digest;
  std::optional<std::uint64_t> size;
  std::string name;  ///< for errors and progress
};

/// Fetches what the store doesn't hold yet, `parallel` at a time, into the store. URLs are tried in
/// turn, and again after a back-off. A broken transfer goes on from where it stopped (Range) on the
/// next or the same URL; bytes that don't hash to the digest are dropped. Throws Kind::refused when
/// a source gave other bytes and none the right ones, Kind::machine when none could be reached;
/// names every URL and its reason. `progress(done, total)` counts bytes over all downloads, from
/// any thread, never at once.
void fetch(Client& client,
           store::Store& store,
           const std::vector<Download>& downloads,
           unsigned parallel,
           const Cancel& cancel,
           const std::function<void(std::uint64_t, std::uint64_t)>& progress = nullptr);

}  // namespace cullet::http
