// SPDX-License-Identifier: Apache-2.0
#include "cullet/image/elf.hpp"

#include <cstdint>

#include "cullet/base/error.hpp"

namespace cullet::image {

namespace {

constexpr std::string_view kMagic =
    "\x7f"
    "ELF";
constexpr std::size_t kIdent = 16;
constexpr std::uint64_t kMostSymbols = 1'000'000;
constexpr std::uint64_t kMostSections = 65'536;
constexpr std::size_t kLongestName = 4096;
constexpr std::uint32_t kDynamicSection = 6, kSymbolSection = 11;
constexpr std::uint64_t kNeeded = 1, kSoname = 14;

Error malformed(std::string_view what) {
  return Error(Kind::input, cat("a malformed ELF file: ", what));
}

struct Section {
  std::uint32_t type = 0, link = 0;
  std::uint64_t offset = 0, size = 0;
};

class ElfFile {
 public:
  explicit ElfFile(std::string_view file)
      : file_(file), wide_(file[4] == 2), big_endian_(file[5] == 2) {
    if ((file[4] != 1 && file[4] != 2) || (file[5] != 1 && file[5] != 2))
      throw malformed("it has an unknown class or byte order");
    const auto table = wide_ ? word(0x28) : number(0x20, 4);
    const auto size = number(wide_ ? 0x3A : 0x2E, 2);
    const auto count = number(wide_ ? 0x3C : 0x30, 2);
    if (count > 0 && size < (wide_ ? 64U : 40U))
      throw malformed("its section headers are too small");
    for (std::uint64_t i = 0; i < count && i < kMostSections; ++i)
      sections_.push_back(section(sum(table, i * size)));
  }

  std::optional<DynamicObject> dynamic() const {
    DynamicObject object;
    if (const auto* symbols = only(kSymbolSection))
      read_symbols(*symbols, object);
    const auto* tags = only(kDynamicSection);
    if (tags == nullptr)
      return std::nullopt;
    read_tags(*tags, object);
    return object;
  }

 private:
  static std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
    if (a > UINT64_MAX - b)
      throw malformed("an offset overflows");
    return a + b;
  }

  std::uint64_t number(std::uint64_t at, std::size_t size) const {
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
  std::uint64_t word(std::uint64_t at) const { return number(at, wide_ ? 8 : 4); }

  Section section(std::uint64_t at) const {
    return {static_cast<std::uint32_t>(number(sum(at, 4), 4)),
            static_cast<std::uint32_t>(number(sum(at, wide_ ? 40 : 24), 4)),
            word(sum(at, wide_ ? 24 : 16)),
            word(sum(at, wide_ ? 32 : 20))};
  }

  /// The section of a type that a file has at most once (gABI, "Sections"); null where it has none.
  const Section* only(std::uint32_t type) const {
    const Section* found = nullptr;
    for (const auto& section : sections_) {
      if (section.type == type && found != nullptr)
        throw malformed("it has two sections of a kind that stands there once");
      if (section.type == type)
        found = &section;
    }
    return found;
  }

  /// A section's bytes.
  std::string_view content(const Section& section) const {
    if (section.offset > file_.size() || file_.size() - section.offset < section.size)
      throw malformed("a section lies outside the file");
    return file_.substr(section.offset, section.size);
  }

  std::string name(const Section& of, std::uint64_t at) const {
    if (of.link >= sections_.size())
      throw malformed("a string table is missing");
    const auto table = content(sections_[of.link]);
    if (at >= table.size())
      throw malformed("a name lies outside its table");
    const auto text = table.substr(at, kLongestName + 1);
    const auto end = text.find('\0');
    if (end == text.npos)
      throw malformed("a name has no end");
    return std::string(text.substr(0, end));
  }

  void read_tags(const Section& section, DynamicObject& object) const {
    const std::uint64_t size = wide_ ? 16 : 8;
    const auto count = content(section).size() / size;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto at = section.offset + i * size;
      const auto tag = word(at);
      if (tag == 0)
        return;
      if (tag == kNeeded)
        object.needed.push_back(name(section, word(at + size / 2)));
      else if (tag == kSoname)
        object.soname = name(section, word(at + size / 2));
      if (object.needed.size() > kMostSections)
        throw malformed("it needs too many libraries");
    }
  }

  void read_symbols(const Section& section, DynamicObject& object) const {
    const std::uint64_t size = wide_ ? 24 : 16;
    const auto count = content(section).size() / size;
    if (count > kMostSymbols)
      throw malformed("it has more than a million symbols");
    for (std::uint64_t i = 1; i < count; ++i) {  // the first is none
      const auto at = section.offset + i * size;
      const auto info = number(at + (wide_ ? 4 : 12), 1);
      const auto other = number(at + (wide_ ? 5 : 13), 1);
      const auto where = number(at + (wide_ ? 6 : 14), 2);
      const bool visible = (other & 3U) == 0 || (other & 3U) == 3;  // default or protected
      if (where != 0 && (info >> 4U) != 0 && visible)
        object.symbols.insert(name(section, number(at, 4)));
    }
  }

  std::string_view file_;
  bool wide_, big_endian_;
  std::vector<Section> sections_;
};

}  // namespace

std::optional<DynamicObject> read_dynamic(Bytes file) {
  const auto text = as_text(file);
  if (!text.starts_with(kMagic) || text.size() < kIdent)
    return std::nullopt;
  return ElfFile(text).dynamic();
}

}  // namespace cullet::image
