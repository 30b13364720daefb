// SPDX-License-Identifier: Apache-2.0
#include "layer_reader.hpp"

#include "cullet/archive/compression.hpp"
#include "cullet/archive/reader.hpp"
#include "cullet/base/error.hpp"

#include "cancellable_source.hpp"
#include "verified_read.hpp"

namespace cullet::image {

namespace {

/// Shows what is read to another.
class TeeSource final : public Source {
 public:
  TeeSource(Source& inner, Sink& also) : inner_(inner), also_(also) {}
  std::size_t read(std::span<std::byte> into) override {
    const auto count = inner_.read(into);
    also_.write(into.first(count));
    return count;
  }

 private:
  Source& inner_;
  Sink& also_;
};

}  // namespace

void read_layer(Repository& repository,
                const Descriptor& layer,
                const Cancel& cancel,
                const std::function<bool(const LayerVisit&)>& visit,
                Sink* plain) {
  const auto name = cat("layer ", layer.digest);
  const auto blob = repository.open_blob(layer);
  // Few compressed bytes may be many, and nobody else would ask in between.
  CancellableSource cancellable(*blob, cancel);
  Source* from = &cancellable;
  std::unique_ptr<Source> unpacked;
  std::optional<TeeSource> tee;
  if (plain != nullptr) {
    unpacked = archive::decompress(cancellable, archive::Limits().bytes, name);
    from = &tee.emplace(*unpacked, *plain);
  }
  bool to_the_end = true;
  read_verified(cancellable, [&] {
    archive::Reader reader(*from, name, archive::Format::tar);
    std::size_t index = 0;
    while (const auto entry = reader.next()) {
      cancel.check();
      if (!visit({index++, *entry, reader.mtime(), reader.body()})) {
        to_the_end = false;
        return;
      }
    }
  });
  if (!to_the_end)
    return;
  drain(*from);
  drain(cancellable);
}

}  // namespace cullet::image
