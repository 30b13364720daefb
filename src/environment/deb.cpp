// SPDX-License-Identifier: Apache-2.0
#include "deb.hpp"

#include "cullet/archive/reader.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/base/utf8.hpp"

#include "control_file.hpp"
#include "locked_package.hpp"
#include "usr_merge.hpp"

namespace cullet::environment {
namespace {

constexpr std::uint64_t kMaxVersionMember = 64;
constexpr std::uint64_t kMaxControl = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMaxSums = std::uint64_t{64} << 20U;

/// Far more than any package of Debian's has.
constexpr std::size_t kMostModes = 10'000;

/// What a control.tar may hold: some maintainer scripts are large, none is this large.
constexpr archive::Limits kControlLimits{.bytes = std::uint64_t{128} << 20U, .entries = 10'000};

bool is_tar(std::string_view member, std::string_view stem) {
  if (member.substr(0, stem.size()) != stem)
    return false;
  const auto ending = member.substr(stem.size());
  return ending.empty() || ending == ".gz" || ending == ".xz" || ending == ".zst" ||
         ending == ".bz2";
}

class DebReader {
 public:
  DebReader(Source& deb, const LockedPackage& package)
      : package_(package),
        name_(package.path.substr(package.path.rfind('/') + 1)),
        members_(deb, name_, archive::Format::ar) {}

  DebContents unpack(int root) {
    const auto first = members_.next();
    if (!first || first->path.str() != "debian-binary")
      fail("it does not begin with 'debian-binary'");
    if (read_all(members_.body(), kMaxVersionMember, name_).rfind("2.", 0) != 0)
      fail("its format is not 2");
    while (auto member = members_.next()) {
      const auto& path = member->path.str();
      if (is_tar(path, "control.tar") && contents_.control.empty() && !unpacked_)
        read_control();
      else if (is_tar(path, "data.tar") && !contents_.control.empty() && !unpacked_)
        unpack_data(root);
      else if (path[0] != '_')  // deb(5): members that a reader may skip
        fail(cat("the member '", printable(path), "' is unexpected"));
    }
    if (!unpacked_)
      fail("it has no 'data.tar'");
    return std::move(contents_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(Kind::input, cat(name_, " is not a Debian package: ", why));
  }

  void read_control() {
    archive::Reader reader(
        members_.body(), name_ + ": control", archive::Format::tar, kControlLimits);
    while (auto entry = reader.next()) {
      if (entry->type != archive::EntryType::file)
        continue;
      if (entry->path.str() == "control")
        contents_.control = read_all(reader.body(), kMaxControl, name_ + ": control");
      else if (entry->path.str() == "md5sums")
        contents_.md5sums = read_all(reader.body(), kMaxSums, name_ + ": md5sums");
      else if (entry->path.str() == "postinst")
        contents_.postinst = true;
    }
    check_control();
  }

  void check_control() const {
    const auto paragraphs = parse_control(contents_.control, name_ + ": control");
    if (paragraphs.size() != 1)
      fail("its control file is not one paragraph");
    const auto check =
        [&](std::string_view field, const std::string& got, const std::string& want) {
          if (got != want)
            throw Error(Kind::input, cat(name_, " is not the package that cullet.lock says"))
                .detail(cat(field, ": '", printable(got), "' instead of '", want, "'"))
                .hint("run `cullet lock --update`");
        };
    const auto& control = paragraphs[0];
    check("Package", control.get("Package"), package_.name);
    check("Version", control.get("Version"), package_.version);
    check("Architecture", control.get("Architecture"), package_.architecture);
    // Scanners know a package's faults by its source.
    const auto [source, version] = source_of(control);
    check("Source", source, package_.source);
    check("Source's version", version, package_.source_version);
  }

  void unpack_data(int root) {
    archive::Reader reader(members_.body(), name_, archive::Format::tar);
    archive::unpack(
        reader, root, [&](archive::Entry entry) { return rewritten(std::move(entry)); });
    unpacked_ = true;
  }

  std::optional<archive::Entry> rewritten(archive::Entry entry) {
    const auto place = merged_path(entry.path);
    if (entry.type == archive::EntryType::symlink) {
      // Newer base-files ship the links of the merged /usr themselves: they are made in any case.
      if (place.str() == "usr/" + entry.path.str() && !entry.path.parent() &&
          (entry.target == place.str() || entry.target == "/" + place.str()))
        return std::nullopt;
      entry.target = merged_target(entry.path, entry.target);
    } else if (entry.type == archive::EntryType::hardlink) {
      if (const auto target = RelativePath::parse(entry.target))
        entry.target = merged_path(*target).str();
    }
    if (entry.type != archive::EntryType::directory)
      contents_.paths.push_back(place.str());
    note_mode(entry, place);
    entry.path = place;
    return entry;
  }

  void note_mode(const archive::Entry& entry, const RelativePath& place) {
    const bool file = entry.type == archive::EntryType::file;
    if (!file && entry.type != archive::EntryType::directory)
      return;
    const bool kept = entry.mode == 0755 || (file && entry.mode == 0644);
    // Where a mode can be declared, the path is text.
    if (!kept && contents_.modes.size() < kMostModes && !first_invalid_utf8(place.str()))
      contents_.modes.emplace(place.str(), entry.mode);
  }

  const LockedPackage& package_;
  std::string name_;
  archive::Reader members_;
  DebContents contents_;
  bool unpacked_ = false;
};

}  // namespace

DebContents unpack_deb(Source& deb, const LockedPackage& package, int root) {
  return DebReader(deb, package).unpack(root);
}

}  // namespace cullet::environment
