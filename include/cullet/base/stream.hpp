// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace cullet {

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Where bytes go. Writers that can fail late have their own finish() or commit(); a destructor
/// only discards.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  Sink(Sink&&) = default;
  Sink& operator=(Sink&&) = default;
  virtual ~Sink() = default;
  /// Takes all of `bytes` or throws Error; the span is not kept.
  virtual void write(Bytes bytes) = 0;
};

/// Where bytes come from.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  Source(Source&&) = default;
  Source& operator=(Source&&) = default;
  virtual ~Source() = default;
  /// Reads at least one byte into `into` (which is not empty) and returns how many; 0 at the end,
  /// and then again 0. Throws Error when reading fails.
  virtual std::size_t read(std::span<std::byte> into) = 0;
};

/// Reads from memory that outlives it.
class MemorySource final : public Source {
 public:
  explicit MemorySource(std::string_view text) : rest_(as_bytes(text)) {}
  explicit MemorySource(Bytes bytes) : rest_(bytes) {}
  std::size_t read(std::span<std::byte> into) override;

 private:
  Bytes rest_;
};

/// Copies until the source ends; returns the number of bytes. Uses one 256 KiB buffer.
std::uint64_t copy(Source& from, Sink& to);

/// Reads to the end and keeps nothing: a source that verifies has then seen all of it.
void drain(Source& source);

/// Reads all of `from`; throws Kind::input as soon as it holds more than `limit` bytes, naming it
/// as `what`.
std::string read_all(Source& from, std::uint64_t limit, std::string_view what);

}  // namespace cullet
