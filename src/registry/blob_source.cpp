// SPDX-License-Identifier: Apache-2.0
#include "blob_source.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/http/backoff.hpp"

#include "failure.hpp"

namespace cullet::registry {
namespace {

class VerifiedSource final : public Source {
 public:
  VerifiedSource(std::unique_ptr<Source> inner, const image::Descriptor& blob)
      : inner_(std::move(inner)), verifying_(*inner_, blob.digest, blob.size) {}
  std::size_t read(std::span<std::byte> into) override { return verifying_.read(into); }

 private:
  std::unique_ptr<Source> inner_;
  VerifyingSource verifying_;
};

/// Bytes of a blob as the registry sends them, through broken connections.
class BlobSource final : public Source {
 public:
  BlobSource(Connection& connection, const image::Descriptor& blob)
      : connection_(connection),
        blob_(blob),
        backoff_(connection.client().options(), connection.cancel()) {
    open();
  }

  std::size_t read(std::span<std::byte> into) override {
    for (;;) {
      try {
        if (!body_)
          open();
        const auto count = body_->read(into);
        at_ += count;
        if (count != 0)
          backoff_.progressed();
        // Some servers end a connection early without an error: there is more to come.
        if (count != 0 || at_ >= blob_.size)
          return count;
        throw Error(Kind::machine,
                    cat("the transfer of ",
                        blob_.digest,
                        " ended after ",
                        at_,
                        " of ",
                        blob_.size,
                        " bytes"));
      } catch (const Error& error) {
        body_.reset();
        if (error.kind() != Kind::machine || refused_ || !backoff_.wait())
          throw;
      }
    }
  }

 private:
  void open() {
    Call call;
    call.url = connection_.url("blobs/" + blob_.digest.str());
    if (at_ > 0)
      call.headers.emplace("range", cat("bytes=", at_, "-"));
    auto stream = connection_.open(call);
    const auto& response = stream.response;
    if (response.status == 404)
      throw Error(Kind::refused,
                  cat("blob ",
                      blob_.digest,
                      " is not in ",
                      connection_.host(),
                      "/",
                      connection_.repository()))
          .hint("what a place has lost, `cullet push IMAGE PLACE --force` puts back");
    if (response.status == 416 && at_ > 0)
      throw other_size(cat("no more than ", at_));
    if (response.status / 100 != 2) {
      refused_ = true;
      throw unexpected(cat("read blob ", blob_.digest), connection_.host(), response);
    }
    const auto range = response.header("content-range");
    if (const auto total = total_size(response); total && *total != blob_.size)
      throw other_size(cat(*total));
    body_ = std::move(stream.body);
    const bool continued =
        response.status == 206 && range && range->starts_with(cat("bytes ", at_, "-"));
    if (at_ > 0 && !continued)
      skip(at_);
  }

  /// Of the whole blob, as far as an answer says it.
  static std::optional<std::uint64_t> total_size(const http::Response& response) {
    if (response.status == 200) {
      const auto length = response.header("content-length");
      return length ? parse_number(*length) : std::nullopt;
    }
    const auto range = response.header("content-range").value_or("");
    const auto slash = range.find('/');
    return slash == range.npos ? std::nullopt
                               : parse_number(std::string_view(range).substr(slash + 1));
  }

  /// Whoever wrote the descriptor is wrong, not the network: trying again changes nothing.
  [[nodiscard]] Error other_size(const std::string& there) const {
    return {Kind::refused,
            cat("blob ",
                blob_.digest,
                " has ",
                there,
                " bytes in ",
                connection_.host(),
                "/",
                connection_.repository(),
                ", not ",
                blob_.size)};
  }

  /// For a server that starts from the beginning again, which RFC 9110 allows.
  void skip(std::uint64_t count) {
    std::vector<std::byte> buffer(std::size_t{64} << 10U);
    while (count > 0) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer.size()));
      const auto got = body_->read(std::span(buffer).first(want));
      if (got == 0)
        throw Error(Kind::machine, cat("blob ", blob_.digest, " got shorter while it was read"));
      count -= got;
    }
  }

  Connection& connection_;
  const image::Descriptor blob_;
  http::Backoff backoff_;
  std::unique_ptr<Source> body_;
  std::uint64_t at_ = 0;
  bool refused_ = false;
};

}  // namespace

std::unique_ptr<Source> open_blob_source(Connection& connection, const image::Descriptor& blob) {
  return verified(std::make_unique<BlobSource>(connection, blob), blob);
}

std::unique_ptr<Source> verified(std::unique_ptr<Source> inner, const image::Descriptor& blob) {
  return std::make_unique<VerifiedSource>(std::move(inner), blob);
}

}  // namespace cullet::registry
