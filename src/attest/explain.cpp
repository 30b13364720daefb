// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/explain.hpp"

#include <algorithm>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::attest {

namespace {

/// What the statements know of a layer's content.
struct Layer {
  std::string content;
  std::string recipe;              ///< that built or declares it; empty for packages
  const Origin* origin = nullptr;  ///< of all its files, where that is one component
  bool known = false;
};

/// "packages SUITE NAME…", or "output SUITE NAME… part DIGEST" of packages in part: known where the
/// SBOM has one of them (virtual names are none). No component's content has a space.
bool known_packages(const Account& account, const std::string& content) {
  const auto words = split(content, ' ');
  return words.size() > 2 && (words[0] == "packages" || words[0] == "output") &&
         std::any_of(words.begin() + 2, words.end(), [&](const std::string& word) {
           return account.has_package(word);
         });
}

Layer layer_of(const Account& account, const std::string& content) {
  Layer out{content, {}, nullptr, false};
  if (content == "files") {
    out.recipe = account.recipe(account.image_recipe());
    out.known = !out.recipe.empty();
  } else if (known_packages(account, content)) {
    out.known = true;
  } else {
    const auto name = content.substr(0, content.find(':'));
    out.recipe = account.recipe(name);
    const auto fork = account.fork_of(name);
    if (!fork.empty())
      out.origin = account.component(fork);
    out.known = !out.recipe.empty() && (fork.empty() || out.origin != nullptr);
  }
  return out;
}

bool has_bytes(const image::File& file) {
  return file.entry.type == archive::EntryType::file ||
         file.entry.type == archive::EntryType::hardlink;
}

std::string layer_name(const Layer& layer, std::size_t index) {
  if (layer.content.empty())
    return cat("layer ", index, " was made by nothing that the statements know");
  return cat("layer ", index, " (", printable(layer.content), ") is in no statement");
}

}  // namespace

std::vector<Explanation> explain(const Account& account,
                                 const image::Contents& contents,
                                 const std::vector<std::string>& layers) {
  std::vector<Layer> known;
  known.reserve(layers.size());
  for (const auto& content : layers)
    known.push_back(layer_of(account, content));
  std::vector<Explanation> out;
  for (const auto& [path, file] : contents) {
    Explanation one;
    one.path = path;
    one.file = &file;
    const auto& layer = known.at(file.layer);
    one.content = layer.content;
    one.recipe = layer.recipe;
    one.origin = layer.origin;
    if (has_bytes(file) && account.lists_files()) {
      one.origin = account.origin(path, file.content);
      if (one.origin == nullptr)
        one.problem = account.names(path) ? "its bytes are not those that the SBOM names"
                                          : "the SBOM does not name it";
    }
    if (one.problem.empty() && one.origin != nullptr &&
        one.origin->kind == Origin::Kind::component && one.origin->commit.empty())
      one.problem = cat("the provenance does not name the commit that ",
                        printable(one.origin->name),
                        " was built from");
    if (!layer.known)
      one.problem += cat(one.problem.empty() ? "" : "; ", layer_name(layer, file.layer));
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<std::string> missing(const Account& account, const image::Contents& contents) {
  std::map<std::string, archive::EntryType> there;
  for (const auto& [path, file] : contents)
    there.emplace(printable(path), file.entry.type);
  std::vector<std::string> out;
  for (const auto& path : account.paths()) {
    if (there.count(path) != 0)
      continue;
    bool replaced = false;
    for (auto at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
      const auto above = there.find(path.substr(0, at));
      replaced |= above != there.end() && above->second != archive::EntryType::directory;
    }
    if (!replaced)
      out.push_back(path);
  }
  return out;
}

}  // namespace cullet::attest
