// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/store/store.hpp"

#include "state.hpp"

namespace cullet::store {
namespace {

constexpr std::size_t kBuffer = 64U << 10U;

std::optional<std::uint64_t> size_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0)
    return S_ISREG(status.st_mode) ? std::optional(static_cast<std::uint64_t>(status.st_size))
                                   : std::nullopt;
  if (errno == ENOENT || errno == ENOTDIR)
    return std::nullopt;
  throw system_error(cat("cannot examine '", printable(path.string()), "'"), errno);
}

}  // namespace

struct BlobWriter::State {
  std::shared_ptr<Session> session;
  std::filesystem::path path;  // empty when it was moved away
  Fd fd;
  Sha256Hasher hasher;
  std::uint64_t size = 0;
  std::string buffer;  // small writes are common (tar headers) and system calls are not free

  explicit State(std::shared_ptr<Session> in)
      : session(std::move(in)),
        path(session->fresh_path("blob")),
        fd(open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() {
    if (!path.empty())
      ::unlink(path.c_str());
  }

  void flush() {
    write_all(fd.get(), as_bytes(buffer), path.string());
    buffer.clear();
  }

  void publish(const BlobDigest& digest) {
    const auto place = session->blob(digest);
    if (size_of(place) == size) {
      // Whoever put it there may not have got as far as this.
      sync_directory(place.parent_path());
      ::unlink(path.c_str());
    } else {
      if (::fchmod(fd.get(), 0444) != 0)
        throw system_error(cat("cannot set the mode of '", printable(path.string()), "'"), errno);
      session->publish(fd.get(), path, place, Durability::synced);
    }
    path.clear();
    fd = Fd();
  }
};

BlobWriter::BlobWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobWriter::~BlobWriter() = default;
BlobWriter::BlobWriter(BlobWriter&&) noexcept = default;

void BlobWriter::write(Bytes bytes) {
  if (!state_->fd.valid())
    throw Error(Kind::internal, "a blob is written to after its commit");
  state_->hasher.write(bytes);
  state_->size += bytes.size();
  if (state_->buffer.size() + bytes.size() > kBuffer)
    state_->flush();
  if (bytes.size() >= kBuffer)
    write_all(state_->fd.get(), bytes, state_->path.string());
  else
    state_->buffer += as_text(bytes);
}

std::uint64_t BlobWriter::size() const noexcept {
  return state_->size;
}

BlobDigest BlobWriter::commit() {
  if (!state_->fd.valid())
    throw Error(Kind::internal, "a blob is committed twice");
  const BlobDigest digest(state_->hasher.finish());
  state_->flush();
  state_->publish(digest);
  return digest;
}

void BlobWriter::commit_as(const BlobDigest& want, std::string_view what) {
  if (!state_->fd.valid())
    throw Error(Kind::internal, "a blob is committed twice");
  const BlobDigest digest(state_->hasher.finish());
  if (digest != want) {
    // Nothing is kept, not even for a writer that lives on.
    ::unlink(state_->path.c_str());
    state_->path.clear();
    state_->fd = Fd();
    throw Error(Kind::refused, cat(what, " hashes to ", digest, ", not to ", want));
  }
  state_->flush();
  state_->publish(digest);
}

BlobWriter Store::new_blob() {
  return BlobWriter(std::make_unique<BlobWriter::State>(state_->session));
}

BlobDigest Store::put_blob(std::string_view bytes) {
  const BlobDigest digest(sha256(bytes));
  if (blob_size(digest) == bytes.size()) {
    sync_directory(blob_path(digest).parent_path());
    return digest;
  }
  auto writer = new_blob();
  writer.write(as_bytes(bytes));
  return writer.commit();
}

std::optional<std::uint64_t> Store::blob_size(const BlobDigest& digest) const {
  return size_of(state_->session->blob(digest));
}

std::filesystem::path Store::blob_path(const BlobDigest& digest) const {
  return state_->session->blob(digest);
}

Fd Store::open_blob(const BlobDigest& digest) const {
  const auto path = blob_path(digest);
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (fd.valid())
    return fd;
  if (errno == ENOENT)
    throw Error(Kind::machine, cat("the store has no blob ", digest))
        .hint("run `cullet store check --repair`, then build again");
  throw system_error(cat("cannot open blob ", digest), errno);
}

std::string Store::read_blob(const BlobDigest& digest, std::uint64_t limit) const {
  const auto fd = open_blob(digest);
  return with_context([&] { return cat("reading blob ", digest, " of the store"); },
                      [&] {
                        FdSource file(fd.get(), blob_path(digest).string());
                        VerifyingSource verified(file, digest, std::nullopt);
                        try {
                          return read_all(verified, limit, cat("blob ", digest));
                        } catch (Error& error) {
                          if (error.kind() == Kind::refused)
                            error.hint("run `cullet store check --repair`, then build again");
                          throw;
                        }
                      });
}

}  // namespace cullet::store
