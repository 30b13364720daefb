// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/blob_file.hpp"

#include <utility>

namespace cullet::image {

namespace {

class BlobFile final : public Source {
 public:
  BlobFile(Fd file, const Descriptor& blob)
      : file_(std::move(file)),
        inner_(file_.get(), blob.digest.str()),
        verified_(inner_, blob.digest, blob.size) {}
  std::size_t read(std::span<std::byte> into) override { return verified_.read(into); }

 private:
  Fd file_;
  FdSource inner_;
  VerifyingSource verified_;
};

}  // namespace

std::unique_ptr<Source> open_blob_file(Fd file, const Descriptor& blob) {
  return std::make_unique<BlobFile>(std::move(file), blob);
}

}  // namespace cullet::image
