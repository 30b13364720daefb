// SPDX-License-Identifier: Apache-2.0
// Debian's text formats: control files, records of an index, apt's sources.
#include "apt_sources.hpp"
#include "control_file.hpp"
#include "fuzz.hpp"
#include "locked_package.hpp"

using namespace cullet;
using namespace cullet::fuzz;
using namespace cullet::environment;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  accepts([&] {
    for (const auto& paragraph : parse_control(text, "input"))
      accepts([&] {
        const auto package = package_from_record(paragraph);
        const auto same = parse_package_key(package_key(package));
        require(same && same->name == package.name && same->version == package.version &&
                    same->architecture == package.architecture,
                "a package's key names the package");
      });
  });
  for (const auto parse : {parse_deb822_sources, parse_list_sources})
    accepts([&] {
      const auto sources = parse(text, "input");
      for (const auto& source : sources)
        require(!source.uri.ends_with('/'), "a URI has no '/' at its end");
      static_cast<void>(format_sources(select_sources(sources, "bookworm", "amd64"), "amd64"));
    });
  return 0;
}
