// SPDX-License-Identifier: Apache-2.0
// JSON documents from registries, other tools and disks: every parser reads every input.
#include "cullet/base/json.hpp"

#include <span>

#include "cullet/image/manifest.hpp"
#include "cullet/registry/remote.hpp"

#include "failure.hpp"
#include "fuzz.hpp"
#include "layout_index.hpp"
#include "manifest_types.hpp"
#include "record.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

/// What is taken is printed in the one form that parses to the same.
template <class Document>
void round_trip(std::string_view text) {
  accepts([&] {
    const auto printed = Document::parse(text, "input").serialize();
    require(Document::parse(printed, "printed").serialize() == printed, "printing is stable");
  });
}

void read_layout_index(const MemoryFile& file) {
  accepts([&] {
    const auto index = image::LayoutIndex::read(file.path());
    const auto tags = index.tags();
    for (const auto& tag : std::span(tags).first(std::min<std::size_t>(tags.size(), 8)))
      accepts([&] { static_cast<void>(index.find_tag(tag)); });
    static_cast<void>(index.untagged());
  });
}

/// A helper's name would start a program; there is none to be found here.
void read_credentials(const MemoryFile& file, std::string_view text) {
  if (text.find("cred") != text.npos || text.find('\\') != text.npos)
    return;
  const registry::CredentialFiles files{.files = {file.path()}, .helper_environment = {}};
  accepts([&] { registry::find_credentials(files, "host:5000", "some/app", Cancel()); });
}

void read_record(std::string_view text) {
  // As a damaged disk wouldn't: the digest is right.
  const MemoryFile file(cat(sha256(text).hex(), "\n", text));
  const auto record = store::read_record(file.path());
  if (!record)
    return;
  accepts([&] {
    const MemoryFile again(store::write_record(*record));
    require(store::read_record(again.path()).has_value(), "a record that is written can be read");
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  accepts([&] { parse_json(text, "input"); });
  round_trip<image::Manifest>(text);
  round_trip<image::Index>(text);
  round_trip<image::Config>(text);
  const MemoryFile file(text);
  read_layout_index(file);
  read_credentials(file, text);
  read_record(text);
  http::Response response{.status = 403, .headers = {}, .body = std::string(text), .url = {}};
  static_cast<void>(registry::unexpected("push", "host", response).render());
  static_cast<void>(registry::manifest_type(response));
  return 0;
}
