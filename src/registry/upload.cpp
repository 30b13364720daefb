// SPDX-License-Identifier: Apache-2.0
#include "upload.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "cullet/base/error.hpp"
#include "cullet/base/percent.hpp"
#include "cullet/base/text.hpp"
#include "cullet/http/backoff.hpp"

#include "blob_source.hpp"
#include "failure.hpp"

namespace cullet::registry {
namespace {

/// Parts of the blob in order, from one pass over the origin where the transfers allow it.
class Parts {
 public:
  Parts(const image::Descriptor& blob, const image::BlobOrigin& origin)
      : blob_(blob), origin_(origin) {}

  /// Reads `size` bytes from `offset` on; one part at a time.
  std::unique_ptr<Source> part(std::uint64_t offset, std::uint64_t size) {
    if (!source_ || at_ != offset) {
      source_ = verified(origin_.open(), blob_);
      at_ = 0;
      std::vector<std::byte> buffer(std::size_t{256} << 10U);
      while (at_ < offset)
        if (read(std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), offset - at_))) ==
            0)
          throw Error(Kind::internal, cat("blob ", blob_.digest, " ended before offset ", offset));
    }
    return std::make_unique<Part>(*this, size);
  }

 private:
  class Part final : public Source {
   public:
    Part(Parts& parts, std::uint64_t size) : parts_(parts), left_(size) {}
    std::size_t read(std::span<std::byte> into) override {
      const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
      if (room == 0)
        return 0;
      const auto count = parts_.read(into.first(room));
      left_ -= count;
      return count;
    }

   private:
    Parts& parts_;
    std::uint64_t left_;
  };

  std::size_t read(std::span<std::byte> into) {
    const auto count = source_->read(into);
    at_ += count;
    return count;
  }

  const image::Descriptor& blob_;
  const image::BlobOrigin& origin_;
  std::unique_ptr<Source> source_;
  std::uint64_t at_ = 0;
};

/// What stopped an attempt that another may get past.
struct Setback {
  Error error;
  std::optional<std::int64_t> retry_after = std::nullopt;
};

class BlobUpload {
 public:
  BlobUpload(Connection& connection, const image::Descriptor& blob, const image::BlobOrigin& origin)
      : connection_(connection),
        blob_(blob),
        origin_(origin),
        parts_(blob, origin),
        backoff_(connection.client().options(), connection.cancel()) {
    const auto& options = connection.options();
    chunk_ = options.chunk == 0 ? blob.size : options.chunk;
    chunked_ = options.upload == Upload::chunked ||
               (options.upload == Upload::automatic && blob.size > chunk_);
  }

  void run() {
    auto session = mount();
    if (mounted_)
      return;
    for (;;) {
      try {
        if (!session)
          session = start();
        auto setback = chunked_ ? send_chunks(*session) : send_whole(*session);
        if (!setback)
          return;
        pause(*setback);
      } catch (Error& error) {
        // The connection broke; what the registry has of this upload is unknown.
        if (error.kind() != Kind::machine || final_)
          throw;
        Setback setback{std::move(error)};
        pause(setback);
      }
      session.reset();
      // The registry may have got everything, and only its answer was lost.
      if (blob_exists(connection_, blob_))
        return;
    }
  }

 private:
  void pause(const Setback& setback) {
    if (!backoff_.wait(setback.retry_after)) {
      final_ = true;
      throw Error(setback.error);
    }
  }

  [[nodiscard]] std::string doing() const {
    return cat("upload blob ", blob_.digest, " (", human_size(blob_.size), ")");
  }

  Call call(std::string method, http::Url url) const {
    Call result;
    result.method = std::move(method);
    result.url = std::move(url);
    result.scope.push = true;
    return result;
  }

  /// An upload session that a refused mount came with, if any.
  std::optional<http::Url> mount() {
    const auto& from = origin_.mount_from;
    if (from.empty() || from == connection_.repository())
      return std::nullopt;
    // Always with `from`: without it some registries hang or fail (go-containerregistry#1404).
    auto request = call("POST",
                        connection_.url("blobs/uploads/")
                            .with_query("mount=" + percent_encode(blob_.digest.str()))
                            .with_query("from=" + percent_encode(from)));
    request.scope.mount_from = from;
    request.retry = false;
    try {
      const auto response = connection_.send(request);
      mounted_ = response.status == 201;
      const auto location = response.header("location");
      if (response.status == 202 && location)
        return accept(response, *location);
    } catch (const Error& error) {
      // Whatever is wrong with mounting, uploading may work: a token for two repositories is
      // more than some token servers give.
      if (error.kind() == Kind::interrupted)
        throw;
    }
    return std::nullopt;
  }

  http::Url start() {
    const auto response = connection_.send(call("POST", connection_.url("blobs/uploads/")));
    const auto location = response.header("location");
    if (response.status != 202 || !location)
      fail(response);
    return accept(response, *location);
  }

  http::Url accept(const http::Response& response, const std::string& location) {
    if (const auto least = response.header("oci-chunk-min-length"))
      if (const auto bytes = parse_number(*least))
        chunk_ = std::max(chunk_, *bytes);
    return connection_.resolve(response, location);
  }

  [[noreturn]] void fail(const http::Response& response) {
    final_ = true;
    throw unexpected(doing(), connection_.host(), response);
  }

  Setback setback(const http::Response& response) const {
    Setback result{unexpected(doing(), connection_.host(), response)};
    if (const auto value = response.header("retry-after"))
      result.retry_after = http::parse_retry_after(*value, connection_.client().options().now);
    return result;
  }

  /// Whether a new upload may get past this answer.
  static bool may_pass(const http::Response& response) {
    return http::is_transient(response.status) || response.status == 404 ||
           response.status == 416 || says(response, "BLOB_UPLOAD_INVALID") ||
           says(response, "BLOB_UPLOAD_UNKNOWN") || says(response, "DIGEST_INVALID");
  }

  void add_body(Call& request, std::uint64_t offset, std::uint64_t size) {
    request.headers.emplace("content-type", "application/octet-stream");
    request.retry = false;  // what arrived of a broken body is not known here
    if (size == 0)
      return;
    request.body = [this, offset, size] { return parts_.part(offset, size); };
    request.body_size = size;
    if (const auto& progress = connection_.options().progress)
      request.progress = [this, offset, &progress](std::uint64_t sent) {
        progress(offset + sent, blob_.size);
      };
  }

  std::optional<Setback> close(Call& request) {
    const auto response = connection_.send(request);
    if (response.status / 100 == 2) {
      const auto claimed = response.header("docker-content-digest");
      if (claimed && claimed->starts_with("sha256:") && *claimed != blob_.digest.str())
        throw Error(Kind::refused,
                    cat(connection_.host(),
                        " stored blob ",
                        blob_.digest,
                        " as ",
                        printable(*claimed).substr(0, 100)));
      return std::nullopt;
    }
    if (response.status == 413 && connection_.options().upload == Upload::automatic && !chunked_) {
      // Azure takes no PUT beyond some 20 MB, but a PATCH of any size.
      chunked_ = true;
      return setback(response);
    }
    if (!may_pass(response))
      fail(response);
    return setback(response);
  }

  std::optional<Setback> send_whole(const http::Url& session) {
    auto request = call("PUT", session.with_query("digest=" + percent_encode(blob_.digest.str())));
    add_body(request, 0, blob_.size);
    return close(request);
  }

  std::optional<Setback> send_chunks(http::Url session) {
    for (std::uint64_t offset = 0; offset < blob_.size;) {
      const auto size = std::min(chunk_, blob_.size - offset);
      auto request = call("PATCH", session);
      add_body(request, offset, size);
      request.headers.emplace("content-range", cat(offset, "-", offset + size - 1));
      auto trouble = send_chunk(request, session);
      if (!trouble) {
        offset += size;
        backoff_.progressed();
        continue;
      }
      pause(*trouble);
      const auto arrived = ask_progress(session);
      if (!arrived || *arrived > blob_.size)
        return trouble;
      offset = *arrived;
    }
    auto request = call("PUT", session.with_query("digest=" + percent_encode(blob_.digest.str())));
    add_body(request, blob_.size, 0);
    return close(request);
  }

  std::optional<Setback> send_chunk(const Call& request, http::Url& session) {
    try {
      const auto response = connection_.send(request);
      if (response.status / 100 != 2 && !may_pass(response))
        fail(response);
      if (response.status / 100 != 2)
        return setback(response);
      // `Range` says how much arrived, but ECR's never moves: the status counts.
      if (const auto location = response.header("location"))
        session = connection_.resolve(response, *location);
      return std::nullopt;
    } catch (Error& error) {
      if (error.kind() != Kind::machine || final_)
        throw;
      return Setback{std::move(error)};
    }
  }

  /// How many bytes of this session the registry has; nullopt: it can't say.
  std::optional<std::uint64_t> ask_progress(http::Url& session) {
    const auto response = connection_.send(call("GET", session));
    const auto range = response.header("range");
    if (response.status / 100 != 2 || !range || !range->starts_with("0-"))
      return std::nullopt;
    const auto last = parse_number(std::string_view(*range).substr(2));
    if (!last)
      return std::nullopt;
    if (const auto location = response.header("location"))
      session = connection_.resolve(response, *location);
    // "0-0" is one byte, and what distribution says of none; sending that one again is answered
    // 416.
    return *last == 0 ? 0 : *last + 1;
  }

  Connection& connection_;
  const image::Descriptor& blob_;
  const image::BlobOrigin& origin_;
  Parts parts_;
  http::Backoff backoff_;
  std::uint64_t chunk_ = 0;
  bool chunked_ = false, mounted_ = false;
  bool final_ = false;  ///< the error on its way is not to be retried
};

}  // namespace

bool blob_exists(Connection& connection, const image::Descriptor& blob) {
  Call call;
  call.method = "HEAD";
  call.url = connection.url("blobs/" + blob.digest.str());
  const auto response = connection.send(call);
  if (response.status / 100 == 2) {
    const auto length = response.header("content-length");
    return !length || parse_number(*length) == blob.size;
  }
  // Signed storage locations often refuse HEAD; sending the blob again does no harm.
  const auto answered = http::Url::parse(response.url);
  if (response.status == 404 || (answered && !http::same_origin(*answered, connection.url(""))))
    return false;
  throw unexpected(cat("look for blob ", blob.digest), connection.host(), response);
}

void check_upload(Connection& connection) {
  Call call;
  call.method = "POST";
  call.url = connection.url("blobs/uploads/");
  call.scope.push = true;
  const auto response = connection.send(call);
  const auto location = response.header("location");
  if (response.status != 202 || !location)
    throw unexpected(cat("upload to ", connection.host(), "/", connection.repository()),
                     connection.host(),
                     response);
  call.method = "DELETE";
  call.url = connection.resolve(response, *location);
  connection.send(call);
}

void upload_blob(Connection& connection,
                 const image::Descriptor& blob,
                 const image::BlobOrigin& origin) {
  BlobUpload(connection, blob, origin).run();
}

}  // namespace cullet::registry
