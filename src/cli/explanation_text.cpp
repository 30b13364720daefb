// SPDX-License-Identifier: Apache-2.0
#include "explanation_text.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::cli {

namespace {

using attest::Origin;

constexpr std::string_view kTypes[] = {"file", "directory", "symlink", "hardlink"};
constexpr std::string_view kKinds[] = {"component", "package", "image"};

std::string_view type_of(const image::File& file) {
  return kTypes[static_cast<std::size_t>(file.entry.type)];
}

/// "component zlib 1.2.13"; "declared" for a file of the recipe's own.
std::string origin_name(const attest::Explanation& one) {
  if (!one.problem.empty())
    return "NOT EXPLAINED";
  if (one.origin == nullptr && one.content != "files")
    return cat(printable(one.content), one.recipe.empty() ? "" : ", of a fork that nothing names");
  if (one.origin == nullptr)
    return "declared";
  if (one.origin->kind != Origin::Kind::image)
    return printable(cat(kKinds[static_cast<std::size_t>(one.origin->kind)],
                         " ",
                         one.origin->name,
                         " ",
                         one.origin->version));
  // Packages' own lists leave their configuration files out.
  return one.content == "files" ? "declared" : cat("configuration of ", printable(one.content));
}

Json origin_record(const Origin& origin) {
  Json out{{"kind", kKinds[static_cast<std::size_t>(origin.kind)]},
           {"name", printable(origin.name)},
           {"version", printable(origin.version)},
           {"purl", printable(origin.purl)}};
  if (origin.kind != Origin::Kind::component)
    return out;
  Json patches = Json::array();
  for (const auto& patch : origin.patches)
    patches.push_back({{"name", patch.name},
                       {"digest", patch.digest},
                       {"fixes", patch.fixes},
                       {"reason", patch.reason}});
  out["fork"] = {{"commit", origin.commit}, {"uri", origin.repository}};
  out["patches"] = std::move(patches);
  return out;
}

std::string field(std::string_view name, const std::string& value) {
  constexpr std::size_t kWidth = 11;
  if (value.empty())
    return {};
  return cat("  ", name, std::string(kWidth - name.size(), ' '), printable(value), "\n");
}

std::string patch_text(const Origin::Patch& patch) {
  return cat(patch.name,
             patch.digest.empty() ? "" : " ",
             patch.digest,
             patch.fixes.empty() ? "" : ", fixes ",
             join(patch.fixes, ", "),
             patch.reason.empty() ? "" : ": ",
             patch.reason);
}

}  // namespace

std::string ExplanationText::change(const attest::Explanation& one) const {
  if (!changes)
    return {};
  const auto found = changes->find(one.path);
  return found == changes->end() ? "same" : found->second;
}

Json ExplanationText::record(const attest::Explanation& one) const {
  Json out{{"type", type_of(*one.file)},
           {"layer",
            {{"index", one.file->layer},
             {"digest", parts.layers.at(one.file->layer).digest.str()},
             {"content", printable(one.content)}}},
           {"explained", one.problem.empty()}};
  if (one.file->content != Sha256())
    out["sha256"] = one.file->content.hex();
  if (one.file->entry.type == archive::EntryType::symlink)
    out["target"] = printable(one.file->entry.target);
  if (one.origin != nullptr)
    out["origin"] = origin_record(*one.origin);
  if (!one.recipe.empty())
    out["recipe"] = printable(one.recipe);
  if (!one.problem.empty())
    out["problem"] = one.problem;
  if (const auto how = change(one); !how.empty())
    out["before"] = printable(how);
  return out;
}

std::string ExplanationText::line(const attest::Explanation& one) const {
  const auto how = change(one);
  return cat("/",
             printable(one.path),
             "  ",
             origin_name(one),
             how.empty() ? "" : "  ",
             printable(how),
             "\n");
}

std::string ExplanationText::paragraph(const attest::Explanation& one) const {
  const auto& file = *one.file;
  std::string what(type_of(file));
  if (file.entry.type == archive::EntryType::symlink)
    what += cat(" to ", file.entry.target);
  if (file.content != Sha256())
    what += cat(" ", file.content, ", ", human_size(file.entry.size));
  auto out = cat("/", printable(one.path), "\n");
  out += field("is", what);
  out += field("layer",
               cat(file.layer,
                   " (",
                   one.content.empty() ? "unknown" : one.content,
                   ") ",
                   parts.layers.at(file.layer).digest));
  out += field("from", origin_name(one));
  if (one.origin != nullptr) {
    out += field("purl", one.origin->purl);
    out += field("fork",
                 one.origin->commit.empty() ? std::string()
                                            : cat(one.origin->commit,
                                                  one.origin->repository.empty() ? "" : " of ",
                                                  one.origin->repository));
    for (const auto& patch : one.origin->patches)
      out += field("patch", patch_text(patch));
  }
  out += field("recipe", one.recipe);
  out += field("before", change(one));
  return out;
}

}  // namespace cullet::cli
