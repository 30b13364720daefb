// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/hex.hpp"
#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/workspace/name.hpp"

namespace cullet::build {

namespace {

constexpr std::array<std::string_view, 5> kKinds{
    "workspace", "package", "archive", "commit", "change"};

bool has_commit(Input::Kind kind) {
  return kind == Input::Kind::commit || kind == Input::Kind::change;
}

constexpr std::size_t kCommitDigits = 40;

/// Where files of a workspace lie. A list must not lay out anything else: a directory of hooks,
/// say.
bool is_workspace_file(const std::string& path) {
  const auto parsed = RelativePath::parse(path);
  return parsed && parsed->str() == path &&
         (path == "cullet.yaml" || path == "cullet.lock" || path.starts_with("forks/") ||
          (path.starts_with("recipes/") && path.ends_with(".yaml")));
}

Input parse_input(const Json& json, const std::string& what) {
  Input input;
  const auto& kind = string_at(json, "kind", what);
  const auto known = std::find(kKinds.begin(), kKinds.end(), kind);
  if (known == kKinds.end())
    throw Error(Kind::input, cat(what, ": there is no kind of input '", printable(kind), "'"))
        .hint("a newer cullet may have kept it");
  input.kind = static_cast<Input::Kind>(known - kKinds.begin());
  input.name = string_at(json, "name", what);
  const auto digest = BlobDigest::parse(string_at(json, "digest", what));
  if (!digest)
    throw Error(Kind::input, cat(what, ": '", printable(input.name), "' has no SHA-256 digest"));
  input.digest = *digest;
  input.size = number_at(json, "size", what);
  if (has_commit(input.kind)) {
    input.commit = string_at(json, "commit", what);
    if (!is_hex(input.commit, kCommitDigits))
      throw Error(Kind::input, cat(what, ": '", printable(input.commit), "' is no commit id"));
  }
  if (input.kind == Input::Kind::workspace && !is_workspace_file(input.name))
    throw Error(Kind::input, cat(what, ": '", printable(input.name), "' is no workspace's file"));
  return input;
}

const Json& member(const Json& predicate, const char* pointer) {
  const Json::json_pointer path(pointer);
  if (!predicate.is_object() || !predicate.contains(path) || !predicate[path].is_array())
    throw Error(Kind::input, cat("provenance has no list ", pointer));
  return predicate[path];
}

}  // namespace

std::string_view name(Input::Kind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}

std::string InputsManifest::serialize() const {
  auto sorted = inputs;
  std::sort(sorted.begin(), sorted.end());
  Json list = Json::array();
  for (const auto& input : sorted) {
    Json entry{{"kind", name(input.kind)},
               {"name", input.name},
               {"digest", input.digest.str()},
               {"size", input.size}};
    if (has_commit(input.kind))
      entry["commit"] = input.commit;
    list.push_back(std::move(entry));
  }
  return canonical({{"inputs", 1}, {"recipe", recipe}, {"list", std::move(list)}});
}

InputsManifest InputsManifest::parse(std::string_view text, std::string_view what_view) {
  const std::string what(what_view);
  const auto json = parse_json(text, what, kMaxInputListBytes);
  if (!json.is_object())
    throw Error(Kind::input, cat(what, " must be a JSON object"));
  if (const auto version = number_at(json, "inputs", what); version != 1)
    throw Error(Kind::input, cat(what, " is of version ", version, ", this cullet reads 1"))
        .hint("use a newer cullet");
  InputsManifest out;
  out.recipe = string_at(json, "recipe", what);
  // It becomes part of a repository's name, and of paths.
  if (!workspace::is_name(out.recipe))
    throw Error(Kind::input, cat(what, ": '", printable(out.recipe), "' is no recipe's name"));
  const auto& list = array_at(json, "list", what);
  if (list.size() > kMostInputs)
    throw Error(Kind::input, cat(what, " names more than ", kMostInputs, " inputs"));
  std::uint64_t bytes = 0;
  for (const auto& entry : list) {
    if (!entry.is_object())
      throw Error(Kind::input, cat(what, ": 'list' must hold objects"));
    auto input = parse_input(entry, what);
    if (input.size > kMaxInputsBytes - bytes)
      throw Error(Kind::input, cat(what, " names more than ", human_size(kMaxInputsBytes)));
    bytes += input.size;
    if (!out.inputs.empty() && !(out.inputs.back() < input))
      throw Error(Kind::input, cat(what, ": '", printable(input.name), "' is out of order"));
    if (!out.inputs.empty() && input.kind == Input::Kind::workspace &&
        out.inputs.back().name == input.name)
      throw Error(Kind::input,
                  cat(what, ": the file '", printable(input.name), "' is there twice"));
    out.inputs.push_back(std::move(input));
  }
  if (out.serialize() != text)
    throw Error(Kind::input, cat(what, " is not in its canonical form"));
  return out;
}

std::uint64_t InputsManifest::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& input : inputs)
    sum += input.size;
  return sum;
}

DemandedInputs DemandedInputs::of_provenance(const Json& predicate) {
  const std::string what = "provenance";
  DemandedInputs out;
  std::set<std::string> paths, imported;
  for (const auto& path : member(predicate, "/buildDefinition/externalParameters/workspace"))
    if (path.is_string())
      paths.insert(path.get<std::string>());
  const auto& dependencies = member(predicate, "/buildDefinition/resolvedDependencies");
  // An imported fork's commit is made from its archive, which is demanded instead.
  for (const auto& entry : dependencies)
    if (entry.is_object() && entry.contains("annotations") && entry["annotations"].is_object() &&
        entry["annotations"].contains("import"))
      imported.insert(cat("fork ", optional_string(entry["annotations"], "fork", what)));
  for (const auto& entry : dependencies) {
    if (!entry.is_object())
      throw Error(Kind::input, "provenance: 'resolvedDependencies' must hold objects");
    const auto& name = string_at(entry, "name", what);
    const auto& digests = object_at(entry, "digest", what);
    const auto sha256 = Sha256::parse_hex(optional_string(digests, "sha256", what));
    if (sha256 && paths.contains(name)) {
      if (!out.files.emplace(name, *sha256).second)
        throw Error(Kind::input, cat("provenance: '", printable(name), "' is there twice"));
    } else if (sha256)
      out.blobs.emplace(sha256->str(), name);
    else if (const auto commit = optional_string(digests, "gitCommit", what);
             is_hex(commit, kCommitDigits) && !imported.contains(name))
      out.commits.emplace(commit, name);
    else if (!imported.contains(name))
      throw Error(Kind::input, cat("provenance: '", printable(name), "' has no digest"));
  }
  return out;
}

void DemandedInputs::check(const InputsManifest& list) const {
  std::map<std::string, Sha256> has_files;
  std::set<std::string> has_blobs, has_commits;
  for (const auto& input : list.inputs) {
    has_blobs.insert(input.digest.str());
    if (has_commit(input.kind))
      has_commits.insert(input.commit);
    if (input.kind == Input::Kind::workspace)
      has_files.emplace(input.name, input.digest);
  }
  Error error(Kind::refused, "the kept inputs are not those that the provenance names");
  for (const auto& [path, digest] : files) {
    const auto found = has_files.find(path);
    if (found == has_files.end())
      error.detail(cat("missing: ", printable(path)));
    else if (found->second != digest)
      error.detail(cat("another: ", printable(path), ", ", found->second, ", not ", digest));
  }
  for (const auto& [digest, name] : blobs)
    if (!has_blobs.contains(digest))
      error.detail(cat("missing: ", printable(name), ", ", digest));
  for (const auto& [commit, name] : commits)
    if (!has_commits.contains(commit))
      error.detail(cat("missing: ", printable(name), ", commit ", commit));
  if (!error.details().empty())
    throw std::move(error);
}

}  // namespace cullet::build
