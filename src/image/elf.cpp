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

/// Names of a section's string table. They may share their ends and be named again, but what is
/// kept of a small file stays small: a table of one long text is a name at each of its bytes.
class Names {
 public:
  Names(const ElfFile& file, const ElfFile::Section& section)
      : file_(file), section_(section), left_(kMostSharing * file.linked(section).size()) {}

  [[nodiscard]] std::string at(std::uint64_t where) const {
    return file_.linked_text(section_, where);
  }
  /// A name is kept.
  void count(const std::string& name) {
    if (name.size() > left_)
      throw ElfFile::malformed("its names are many times the table that they stand in");
    left_ -= name.size();
  }

 private:
  static constexpr std::uint64_t kMostSharing = 4;
  const ElfFile& file_;
  const ElfFile::Section& section_;
  std::uint64_t left_;
};

void read_tags(const ElfFile& file, const ElfFile::Section& section, DynamicObject& object) {
  Names names(file, section);
  const std::uint64_t size = file.wide() ? 16 : 8;
  const auto count = file.content(section).size() / size;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto at = section.offset + i * size;
    const auto tag = file.word(at);
    if (tag == 0)
      return;
    if (tag == kNeeded)
      names.count(object.needed.emplace_back(names.at(file.word(at + size / 2))));
    else if (tag == kSoname)
      object.soname = names.at(file.word(at + size / 2));
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
  Names names(file, section);
  for (std::uint64_t i = 1; i < count; ++i) {  // the first is none
    const auto at = section.offset + i * size;
    const auto info = file.number(at + (wide ? 4 : 12), 1);
    const auto other = file.number(at + (wide ? 5 : 13), 1);
    const auto where = file.number(at + (wide ? 6 : 14), 2);
    const bool visible = (other & 3U) == 0 || (other & 3U) == 3;  // default or protected
    if (where == 0 || (info >> 4U) == 0 || !visible)
      continue;
    if (const auto [name, fresh] = object.symbols.insert(names.at(file.number(at, 4))); fresh)
      names.count(*name);
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
