// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cullet/base/error.hpp"

namespace cullet::image {

/// The sections of an ELF file of either class and byte order (System V gABI, "Sections"). A file
/// that contradicts itself throws Kind::input wherever that is met.
class ElfFile {
 public:
  struct Section {
    std::uint32_t name = 0, type = 0, link = 0;
    std::uint64_t offset = 0, size = 0;
  };
  static constexpr std::uint64_t kMostSections = 65'536;
  static constexpr std::uint32_t kNoBits = 8;  ///< a type: it has a size, but no bytes

  static bool is(std::string_view file);
  /// `file` is one (is()), and outlives this.
  explicit ElfFile(std::string_view file);

  [[nodiscard]] const std::vector<Section>& sections() const noexcept { return sections_; }
  /// ".text"; empty where the file has no names.
  [[nodiscard]] std::string name(const Section& section) const;
  /// A section's bytes.
  [[nodiscard]] std::string_view content(const Section& section) const;
  /// The bytes of the section that `of` links to.
  [[nodiscard]] std::string_view linked(const Section& of) const;
  /// The text at `at` in the section that `of` links to.
  [[nodiscard]] std::string linked_text(const Section& of, std::uint64_t at) const;

  /// Numbers of the file: of `size` bytes, and of 4 or 8 as its class is.
  [[nodiscard]] std::uint64_t number(std::uint64_t at, std::size_t size) const;
  [[nodiscard]] std::uint64_t word(std::uint64_t at) const { return number(at, wide_ ? 8 : 4); }
  [[nodiscard]] bool wide() const noexcept { return wide_; }

  static Error malformed(std::string_view what);

 private:
  [[nodiscard]] Section section(std::uint64_t at) const;
  static std::string text_at(std::string_view table, std::uint64_t at);

  std::string_view file_;
  bool wide_, big_endian_;
  std::uint64_t names_ = 0;  ///< index of the section with the sections' names
  std::vector<Section> sections_;
};

}  // namespace cullet::image
