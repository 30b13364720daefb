// SPDX-License-Identifier: Apache-2.0
// Lists of kept inputs, and the provenance that they are held against.
#include "cullet/build/inputs.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

void check_list(std::string_view text) {
  const auto list = build::InputsManifest::parse(text, "input");
  require(list.serialize() == text, "only what serialize() writes is taken");
  require(list.bytes() <= build::kMaxInputsBytes, "sizes keep to the limit");
  for (const auto& input : list.inputs) {
    if (input.kind != build::Input::Kind::workspace)
      continue;
    const auto path = RelativePath::parse(input.name);
    require(path && path->str() == input.name, "files of the workspace stay inside of it");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  accepts([&] { check_list(text); });
  accepts([&] {
    const auto demanded =
        build::DemandedInputs::of_provenance(parse_json(text, "input", 1U << 20U));
    demanded.check({"nothing", {}});
    require(demanded.files.empty() && demanded.blobs.empty() && demanded.commits.empty(),
            "an empty list has nothing that is demanded");
  });
  return 0;
}
