// SPDX-License-Identifier: Apache-2.0
#include "libarchive.hpp"

#include <cerrno>

namespace cullet::archive {

std::string last_error(::archive* archive) {
  const char* const text = archive_error_string(archive);
  return text != nullptr ? text : "no reason given";
}

Error archive_error(::archive* archive, Kind kind, std::string message) {
  if (archive_errno(archive) == ENOMEM)
    kind = Kind::machine;
  return Error(kind, std::move(message)).detail(cat("libarchive: ", last_error(archive)));
}

ClassicLocale::ClassicLocale(bool utf8) : classic_(::newlocale(LC_ALL_MASK, "C", nullptr)) {
  if (classic_ == nullptr)
    throw system_error("cannot use the \"C\" locale", errno);
  if (utf8) {
    // On failure the old one stays as it is.
    if (auto* const wider = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", classic_); wider != nullptr) {
      classic_ = wider;
      utf8_ = true;
    }
  }
  before_ = ::uselocale(classic_);
}

ClassicLocale::~ClassicLocale() {
  ::uselocale(before_);
  ::freelocale(classic_);
}

}  // namespace cullet::archive
