// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/put_bytes.hpp"

namespace cullet::image {

namespace {

/// Memory that it owns: a repository may read the origin again, and later.
class OwningSource final : public Source {
 public:
  explicit OwningSource(std::shared_ptr<const std::string> text)
      : text_(std::move(text)), source_(*text_) {}
  std::size_t read(std::span<std::byte> into) override { return source_.read(into); }

 private:
  std::shared_ptr<const std::string> text_;
  MemorySource source_;
};

}  // namespace

Descriptor put_bytes(Repository& repository, std::string bytes, std::string_view media_type) {
  auto descriptor = Descriptor::of(bytes, std::string(media_type));
  BlobOrigin origin;
  origin.open = [text = std::make_shared<const std::string>(std::move(bytes))] {
    return std::make_unique<OwningSource>(text);
  };
  repository.put_blob(descriptor, origin);
  return descriptor;
}

}  // namespace cullet::image
