// SPDX-License-Identifier: Apache-2.0
#include "elf_file.hpp"

namespace cullet::image {

namespace {

constexpr std::string_view kMagic =
    "\x7f"
    "ELF";
constexpr std::size_t kIdent = 16;
constexpr std::size_t kLongestName = 4096;

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  if (a > UINT64_MAX - b)
    throw ElfFile::malformed("an offset overflows");
  return a + b;
}

}  // namespace

Error ElfFile::malformed(std::string_view what) {
  return Error(Kind::input, cat("a malformed ELF file: ", what));
}

bool ElfFile::is(std::string_view file) {
  return file.starts_with(kMagic) && file.size() >= kIdent;
}

ElfFile::ElfFile(std::string_view file)
    : file_(file), wide_(file[4] == 2), big_endian_(file[5] == 2) {
  if ((file[4] != 1 && file[4] != 2) || (file[5] != 1 && file[5] != 2))
    throw malformed("it has an unknown class or byte order");
  const auto table = wide_ ? word(0x28) : number(0x20, 4);
  const auto size = number(wide_ ? 0x3A : 0x2E, 2);
  const auto count = number(wide_ ? 0x3C : 0x30, 2);
  names_ = number(wide_ ? 0x3E : 0x32, 2);
  if (count > 0 && size < (wide_ ? 64U : 40U))
    throw malformed("its section headers are too small");
  for (std::uint64_t i = 0; i < count && i < kMostSections; ++i)
    sections_.push_back(section(sum(table, i * size)));
}

std::uint64_t ElfFile::number(std::uint64_t at, std::size_t size) const {
  if (at > file_.size() || file_.size() - at < size)
    throw malformed("something lies outside the file");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(file_[at + i]);
    const auto shift = 8 * (big_endian_ ? size - 1 - i : i);
    value |= std::uint64_t{byte} << shift;
  }
  return value;
}

ElfFile::Section ElfFile::section(std::uint64_t at) const {
  return {static_cast<std::uint32_t>(number(at, 4)),
          static_cast<std::uint32_t>(number(sum(at, 4), 4)),
          static_cast<std::uint32_t>(number(sum(at, wide_ ? 40 : 24), 4)),
          word(sum(at, wide_ ? 24 : 16)),
          word(sum(at, wide_ ? 32 : 20))};
}

std::string_view ElfFile::content(const Section& section) const {
  if (section.offset > file_.size() || file_.size() - section.offset < section.size)
    throw malformed("a section lies outside the file");
  return file_.substr(section.offset, section.size);
}

std::string ElfFile::text_at(std::string_view table, std::uint64_t at) {
  if (at >= table.size())
    throw malformed("a name lies outside its table");
  const auto text = table.substr(at, kLongestName + 1);
  const auto end = text.find('\0');
  if (end == text.npos)
    throw malformed("a name has no end");
  return std::string(text.substr(0, end));
}

std::string_view ElfFile::linked(const Section& of) const {
  if (of.link >= sections_.size())
    throw malformed("a string table is missing");
  return content(sections_[of.link]);
}

std::string ElfFile::linked_text(const Section& of, std::uint64_t at) const {
  return text_at(linked(of), at);
}

std::string ElfFile::name(const Section& section) const {
  return names_ == 0 || names_ >= sections_.size()
             ? std::string()
             : text_at(content(sections_[names_]), section.name);
}

}  // namespace cullet::image
