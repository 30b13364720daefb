// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include "cullet/base/error.hpp"
#include "cullet/base/handle.hpp"

namespace cullet::archive {

using ReadArchive = Handle<::archive, archive_read_free>;
using EntryHandle = Handle<::archive_entry, archive_entry_free>;

/// Freeing an open one writes the end of the archive: TarWriter sees to it that nothing comes of
/// it.
using WriteArchive = Handle<::archive, archive_write_free>;

/// What libarchive says about its last failure.
std::string last_error(::archive* archive);
/// Memory that ran out is the machine's fault, all else is `kind`; libarchive's reason is a detail.
Error archive_error(::archive* archive, Kind kind, std::string message);

/// While it lives, this thread is in the "C" locale. libarchive converts names between pax's UTF-8
/// and the locale's character set (and normalises some on the way); in the "C" locale it takes the
/// bytes as they are, and so names come and go unchanged whatever the process's locale is. Of a
/// zip's names that are marked as UTF-8 it takes none there; for those, `utf8` asks for characters
/// of "C.UTF-8" where the machine has it. libarchive then composes them (Unicode's form NFC).
class ClassicLocale {
 public:
  explicit ClassicLocale(bool utf8 = false);
  ClassicLocale(const ClassicLocale&) = delete;
  ClassicLocale& operator=(const ClassicLocale&) = delete;
  ClassicLocale(ClassicLocale&&) = delete;
  ClassicLocale& operator=(ClassicLocale&&) = delete;
  ~ClassicLocale();
  [[nodiscard]] bool utf8() const noexcept { return utf8_; }

 private:
  bool utf8_ = false;
  locale_t classic_;
  locale_t before_;
};

}  // namespace cullet::archive
