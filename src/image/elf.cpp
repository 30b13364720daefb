// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/elf.hpp"

#include <cstdint>

#include "cullet/base/error.hpp"

#include "elf_file.hpp"

namespace cullet::image {

namespace {

constexpr std::uint64_t kMostSymbols = 1'000'000;
constexpr std::uint32_t kDynamicSection = 6, kSymbolSection = 11;
constexpr std::uint64_t kNeeded = 1, kSoname = 14;

void read_tags(const ElfFile& file, const ElfFile::Section& section, DynamicObject& object) {
  const std::uint64_t size = file.wide() ? 16 : 8;
  const auto count = file.content(section).size() / size;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto at = section.offset + i * size;
    const auto tag = file.word(at);
    if (tag == 0)
      return;
    if (tag == kNeeded)
      object.needed.push_back(file.linked_text(section, file.word(at + size / 2)));
    else if (tag == kSoname)
      object.soname = file.linked_text(section, file.word(at + size / 2));
    if (object.needed.size() > ElfFile::kMostSections)
      throw ElfFile::malformed("it needs too many libraries");
  }
}

void read_symbols(const ElfFile& file, const ElfFile::Section& section, DynamicObject& object) {
  const bool wide = file.wide();
  const std::uint64_t size = wide ? 24 : 16;
  const auto count = file.content(section).size() / size;
  if (count > kMostSymbols)
    throw ElfFile::malformed("it has more than a million symbols");
  for (std::uint64_t i = 1; i < count; ++i) {  // the first is none
    const auto at = section.offset + i * size;
    const auto info = file.number(at + (wide ? 4 : 12), 1);
    const auto other = file.number(at + (wide ? 5 : 13), 1);
    const auto where = file.number(at + (wide ? 6 : 14), 2);
    const bool visible = (other & 3U) == 0 || (other & 3U) == 3;  // default or protected
    if (where != 0 && (info >> 4U) != 0 && visible)
      object.symbols.insert(file.linked_text(section, file.number(at, 4)));
  }
}

/// The section of a type that a file has at most once (gABI, "Sections"); null where it has none.
const ElfFile::Section* only(const ElfFile& file, std::uint32_t type) {
  const ElfFile::Section* found = nullptr;
  for (const auto& section : file.sections()) {
    if (section.type == type && found != nullptr)
      throw ElfFile::malformed("it has two sections of a kind that stands there once");
    if (section.type == type)
      found = &section;
  }
  return found;
}

}  // namespace

std::optional<DynamicObject> read_dynamic(Bytes bytes) {
  const auto text = as_text(bytes);
  if (!ElfFile::is(text))
    return std::nullopt;
  const ElfFile file(text);
  DynamicObject object;
  if (const auto* symbols = only(file, kSymbolSection))
    read_symbols(file, *symbols, object);
  const auto* tags = only(file, kDynamicSection);
  if (tags == nullptr)
    return std::nullopt;
  read_tags(file, *tags, object);
  return object;
}

}  // namespace cullet::image
