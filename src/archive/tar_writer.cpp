// SPDX-License-Identifier: Apache-2.0
#include "cullet/archive/tar_writer.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <limits>
#include <vector>

#include <sys/stat.h>

#include "cullet/archive/compression.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/fixed_time.hpp"

#include "libarchive.hpp"

namespace cullet::archive {

namespace {

constexpr std::size_t kReadSize = 256U << 10U;

/// Takes what libarchive writes. Exceptions may not pass through C: they are kept.
struct Output {
  Sink& sink;
  std::uint64_t size = 0;
  std::exception_ptr failure;
  /// While the writers are made, and when they are freed: a destructor only discards.
  bool muted = true;
};

la_ssize_t write_output(::archive* archive, void* self, const void* bytes, std::size_t size) {
  auto& output = *static_cast<Output*>(self);
  if (output.muted)
    return static_cast<la_ssize_t>(size);
  try {
    output.sink.write({static_cast<const std::byte*>(bytes), size});
    output.size += size;
    return static_cast<la_ssize_t>(size);
  } catch (...) {
    output.failure = std::current_exception();
    archive_set_error(archive, EIO, "the sink failed");
    return -1;
  }
}

void check(::archive* writer, const Output& output, int result) {
  if (result == ARCHIVE_OK)
    return;
  if (output.failure)
    std::rethrow_exception(output.failure);
  throw archive_error(writer, Kind::internal, "cannot write a tar");
}

WriteArchive open_writer(Output& output, int (*set_format)(::archive*)) {
  WriteArchive writer(archive_write_new());
  if (writer == nullptr)
    throw Error(Kind::machine, "not enough memory to write a tar");
  check(writer.get(), output, set_format(writer.get()));
  // No blocking: bytes go on as they come, and nothing is padded beyond tar's own end.
  check(writer.get(), output, archive_write_set_bytes_per_block(writer.get(), 0));
  check(writer.get(), output, archive_write_set_bytes_in_last_block(writer.get(), 1));
  check(writer.get(),
        output,
        archive_write_open(writer.get(), &output, nullptr, write_output, nullptr));
  return writer;
}

int set_pax(::archive* writer) {
  const int result = archive_write_set_format_pax_restricted(writer);
  if (result != ARCHIVE_OK)
    return result;
  // By default it writes every attribute twice, in star's form and in its own.
  return archive_write_set_options(writer, "pax:xattrheader=SCHILY");
}

mode_t file_type(EntryType type) {
  switch (type) {
    case EntryType::directory:
      return S_IFDIR;
    case EntryType::symlink:
      return S_IFLNK;
    case EntryType::file:
    case EntryType::hardlink:
      break;
  }
  return S_IFREG;
}

bool holds_nul(std::string_view text) {
  return text.find('\0') != text.npos;
}

/// What the caller may not ask for: it would be written as something else.
void require_valid(const Entry& entry) {
  const auto refuse = [&](std::string_view why) {
    throw Error(Kind::internal, cat("tar entry '", entry.path, "' ", why));
  };
  const bool link = entry.type == EntryType::symlink || entry.type == EntryType::hardlink;
  if (entry.mode > 07777)
    refuse("has a mode beyond 07777");
  if (entry.type != EntryType::file && entry.size != 0)
    refuse("has a size and is no file");
  if (entry.size > static_cast<std::uint64_t>(std::numeric_limits<la_int64_t>::max()))
    refuse("is too large");
  if (link == entry.target.empty())
    refuse(link ? "is a link without a target" : "has a target and is no link");
  if (holds_nul(entry.target))
    refuse("has a target with a NUL byte");
  if (entry.type == EntryType::hardlink && entry.target >= entry.path.str())
    refuse("is a hard link to what comes after it");
  for (const auto& [name, value] : entry.xattrs)
    // libarchive writes other names URL-encoded, which other readers take literally.
    if (name.empty() || std::any_of(name.begin(), name.end(), [](unsigned char c) {
          return c <= 0x20 || c >= 0x7f || c == '=' || c == '%';
        }))
      refuse("has an extended attribute with an unusable name");
}

void fill(::archive_entry* to, const Entry& entry) {
  archive_entry_clear(to);
  archive_entry_set_pathname(to, entry.path.str().c_str());
  archive_entry_set_mode(to, file_type(entry.type) | static_cast<mode_t>(entry.mode));
  archive_entry_set_uid(to, entry.uid);
  archive_entry_set_gid(to, entry.gid);
  archive_entry_set_mtime(to, kFixedTime, 0);
  archive_entry_set_size(to, static_cast<la_int64_t>(entry.size));
  if (entry.type == EntryType::symlink)
    archive_entry_set_symlink(to, entry.target.c_str());
  if (entry.type == EntryType::hardlink)
    archive_entry_set_hardlink(to, entry.target.c_str());
  for (const auto& [name, value] : entry.xattrs)
    archive_entry_xattr_add_entry(to, name.c_str(), value.data(), value.size());
}

}  // namespace

struct TarWriter::State {
  explicit State(Sink& out)
      : output{.sink = out, .failure = nullptr},
        compressor(dynamic_cast<Compressor*>(&out)),
        ustar(open_writer(output, archive_write_set_format_ustar)),
        pax(open_writer(output, set_pax)),
        entry(archive_entry_new()) {
    if (entry == nullptr)
      throw Error(Kind::machine, "not enough memory to write a tar");
    output.muted = false;
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() {
    output.muted = true;
    // Freeing one that failed does not close it, and only closing frees all that it has.
    for (auto* const writer : {ustar.get(), pax.get()})
      archive_write_close(writer);
  }

  /// Writes the header; returns the writer that takes the entry's bytes.
  ::archive* write_header(const Entry& from) {
    const ClassicLocale classic;
    fill(entry.get(), from);
    if (from.xattrs.empty()) {
      const int result = archive_write_header(ustar.get(), entry.get());
      if (result != ARCHIVE_FAILED) {
        check(ustar.get(), output, result);
        return ustar.get();
      }
      fill(entry.get(), from);  // as the ustar writer may have changed it
    }
    const int result = archive_write_header(pax.get(), entry.get());
    // It warns that a name is not ASCII; it has written the name's bytes then.
    if (result != ARCHIVE_WARN)
      check(pax.get(), output, result);
    return pax.get();
  }

  void write_body(::archive* writer, const Entry& from, Source& body) {
    std::uint64_t left = from.size;
    while (left > 0) {
      auto room = compressor != nullptr ? compressor->space() : std::span<std::byte>();
      if (room.empty()) {
        buffer.resize(kReadSize);
        room = buffer;
      }
      room = room.first(std::min({room.size(), kReadSize, static_cast<std::size_t>(left)}));
      const auto count = body.read(room);
      if (count == 0)
        throw Error(Kind::machine, cat("'", from.path, "' ends ", left, " bytes early"));
      const auto written = archive_write_data(writer, room.data(), count);
      if (written != static_cast<la_ssize_t>(count))
        check(writer, output, written < 0 ? static_cast<int>(written) : ARCHIVE_FATAL);
      left -= count;
    }
    std::array<std::byte, 1> more{};
    if (body.read(more) != 0)
      throw Error(Kind::machine, cat("'", from.path, "' has more than its ", from.size, " bytes"));
  }

  Output output;
  Compressor* compressor;  ///< the sink, if it has space to read into
  WriteArchive ustar;
  WriteArchive pax;
  EntryHandle entry;
  std::vector<std::byte> buffer;
  std::string last_path;  ///< RelativePaths are never empty
  bool failed = false;    ///< or finished: nothing may follow
};

TarWriter::TarWriter(Sink& out) : state_(std::make_unique<State>(out)) {}
TarWriter::~TarWriter() = default;

void TarWriter::add(const Entry& entry, Source* body) {
  auto& state = *state_;
  if (state.failed)
    throw Error(Kind::internal, "the tar is finished or failed");
  if (entry.path.str() <= state.last_path)
    throw Error(Kind::internal,
                cat("tar entries out of order: '", entry.path, "' after '", state.last_path, "'"));
  require_valid(entry);
  if (body == nullptr && entry.size != 0)
    throw Error(Kind::internal, cat("tar entry '", entry.path, "' has no content"));
  state.last_path = entry.path.str();

  state.failed = true;  // until the entry is whole
  auto* const writer = state.write_header(entry);
  if (body != nullptr && entry.type == EntryType::file)
    state.write_body(writer, entry, *body);
  check(writer, state.output, archive_write_finish_entry(writer));
  state.failed = false;
}

void TarWriter::finish() {
  auto& state = *state_;
  if (state.failed)
    throw Error(Kind::internal, "the tar is finished or failed");
  state.failed = true;
  check(state.ustar.get(), state.output, archive_write_close(state.ustar.get()));
}

std::uint64_t TarWriter::size() const noexcept {
  return state_->output.size;
}

}  // namespace cullet::archive
