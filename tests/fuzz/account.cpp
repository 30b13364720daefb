// SPDX-License-Identifier: Apache-2.0
// Statements as explain reads them: {"spdx": PREDICATE, "provenance": PREDICATE}. That they were
// signed doesn't make them well-formed.
#include "cullet/attest/explain.hpp"

#include "fuzz.hpp"

using namespace cullet;
using namespace cullet::fuzz;

namespace {

constexpr std::size_t kMost = std::size_t{1} << 20U;

image::File file_at(const RelativePath& path) {
  archive::Entry entry{path, archive::EntryType::file, 0644, 0, 0, 0, {}, {}};
  return {std::move(entry), Sha256(), 0, {}};
}

image::Contents contents_of(const attest::Account& account) {
  image::Contents contents;
  for (const auto& path : account.paths())
    if (const auto relative = RelativePath::parse(path))
      contents.emplace(relative->str(), file_at(*relative));
  return contents;
}

void explain(const Json& both) {
  const attest::Account account(both.at("spdx"), both.at("provenance"));
  const auto contents = contents_of(account);
  for (const auto& path : account.paths())
    require(account.names(path), "what it lists, it names");
  require(account.lists_files() == !account.paths().empty(), "it lists what it has");
  const auto explained = attest::explain(account, contents, {"zlib:lib"});
  require(explained.size() == contents.size(), "every path is explained");
  for (const auto& one : explained)
    require(one.origin != nullptr || !one.recipe.empty() || !one.problem.empty() ||
                !one.content.empty(),
            "what nothing explains is a problem");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  accepts([&] {
    const auto both = parse_json(text_of(data, size), "input", kMost);
    if (both.is_object() && both.contains("spdx") && both.contains("provenance"))
      explain(both);
  });
  return 0;
}
