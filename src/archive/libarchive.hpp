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
/// bytes as they are, and so names come and go unchanged whatever the process's locale is.
class ClassicLocale {
 public:
  ClassicLocale();
  ClassicLocale(const ClassicLocale&) = delete;
  ClassicLocale& operator=(const ClassicLocale&) = delete;
  ClassicLocale(ClassicLocale&&) = delete;
  ClassicLocale& operator=(ClassicLocale&&) = delete;
  ~ClassicLocale();

 private:
  locale_t classic_;
  locale_t before_;
};

}  // namespace cullet::archive
