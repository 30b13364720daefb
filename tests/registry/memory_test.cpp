// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <sys/resource.h>

#include "sample.hpp"

using namespace cullet;
using namespace cullet::registry;
using test::Peer;
using test::Servers;

namespace {

constexpr std::uint64_t kSize = std::uint64_t{192} << 20U;

/// As many zeros, without holding them.
class Zeros final : public Source {
 public:
  std::size_t read(std::span<std::byte> into) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    std::fill_n(into.begin(), count, std::byte{0});
    left_ -= count;
    return count;
  }

 private:
  std::uint64_t left_ = kSize;
};

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

TEST_CASE("put_blob and open_blob: memory does not grow with the blob") {
  CULLET_REQUIRE_PROGRAMS("docker-registry", "bash", "setpriv");
  const Servers servers({"registry_start"});
  Peer peer(servers);
  peer.options.upload = GENERATE(Upload::monolithic, Upload::chunked);
  peer.options.chunk = GENERATE(std::uint64_t{0}, std::uint64_t{50} << 20U);
  const auto repository = peer.open();
  Sha256Hasher hasher;
  Zeros zeros;
  copy(zeros, hasher);
  image::Descriptor blob;
  blob.media_type = "x";
  blob.digest = BlobDigest(hasher.finish());
  blob.size = kSize;
  image::BlobOrigin origin;
  origin.open = [] { return std::make_unique<Zeros>(); };
  const auto before = peak_kib();
  repository->put_blob(blob, origin);
  const auto source = repository->open_blob(blob);
  Sha256Hasher received;
  CHECK(copy(*source, received) == kSize);
  CHECK(peak_kib() - before < 32 * 1024);
}
