// SPDX-License-Identifier: Apache-2.0
// What names things: image references, git URLs, .gitmodules, netrc, globs, paths, times.
#include "cullet/registry/reference.hpp"

#include "cullet/base/glob.hpp"
#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"

#include "credentials.hpp"
#include "fuzz.hpp"
#include "location.hpp"
#include "submodule.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

void read_reference(std::string_view text) {
  accepts([&] {
    const auto reference = registry::Reference::parse(text);
    const auto again = registry::Reference::parse(reference.str());
    require(again.str() == reference.str() && again.layout == reference.layout &&
                again.host == reference.host && again.repository == reference.repository &&
                again.tag == reference.tag && again.digest == reference.digest,
            "printing undoes parsing");
  });
}

void read_location(std::string_view text) {
  accepts([&] {
    const auto location = source::Location::parse(text, "/base");
    for (const auto& part : {location.host, location.user, location.port, location.path})
      require(!part.starts_with('-'), "nothing can be taken for an option");
    require(location.type == source::Location::Type::local || !location.host.empty(),
            "a remote repository has a host");
  });
  accepts([&] { source::resolve_url("https://host/a/b.git", text); });
  accepts([&] { source::resolve_url("user@host:a/b.git", text); });
  accepts([&] { source::resolve_url("/srv/git/b.git", text); });
}

void read_glob(std::string_view text) {
  accepts([&] {
    const Glob glob(text);
    static_cast<void>(glob.matches("usr/lib/x86_64-linux-gnu/libz.so.1.2.13"));
    static_cast<void>(glob.matches("a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/b"));
  });
}

void read_small_things(std::string_view text) {
  if (const auto path = RelativePath::parse(text, true))
    require(RelativePath::parse(path->str()) == path, "a path is normal once parsed");
  if (const auto time = parse_time(text))
    require(parse_time(rfc3339(*time)) == time, "a time is printed as it was parsed");
  if (const auto bytes = base64_decode(text))
    require(base64(*bytes) == text, "base64 has one form");
  require(Sha256::parse(text).value_or(Sha256()).str().size() == 71, "digests are of one size");
  static_cast<void>(nearest(text, {"fork", "recipe", "environment"}));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  read_reference(text);
  read_location(text);
  read_glob(text);
  read_small_things(text);
  accepts([&] {
    for (const auto& [path, url] : source::parse_gitmodules(text))
      require(RelativePath::parse(path).has_value() && !url.empty(), "submodules have a place");
  });
  static_cast<void>(source::find_in_netrc(text, "host", ""));
  return 0;
}
