// SPDX-License-Identifier: Apache-2.0
#include "cullet/attest/explain.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "cullet/attest/bill.hpp"
#include "cullet/attest/provenance.hpp"
#include "cullet/base/error.hpp"
#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/image_parts.hpp"

#include "../command.hpp"
#include "../explanation_text.hpp"
#include "../newest_statement.hpp"
#include "../resolve.hpp"
#include "../statement_keys.hpp"

namespace cullet::cli {

namespace {

constexpr std::size_t kShownProblems = 20;

struct ExplainOptions {
  std::string reference, path, before, sbom_of;
  std::vector<std::string> keys;
  bool all = false;
};

Json newest(ResolvedImage& image,
            const std::vector<trust::PublicKey>& keys,
            std::string_view type) {
  auto found = newest_statement(image, keys, type);
  if (found.predicate)
    return std::move(*found.predicate);
  Error error(Kind::refused,
              cat(image_name(image), " has no statement of type ", type, " by this key"));
  for (const auto& problem : found.problems)
    error.detail(problem);
  if (found.problems.empty())
    error.hint("should it hold the same as an image that has one? --sbom-of REF explains by that");
  throw std::move(error);
}

attest::Account account_of(ResolvedImage& image, const std::vector<trust::PublicKey>& keys) {
  const auto spdx = newest(image, keys, attest::kSpdxType);
  const auto provenance = newest(image, keys, attest::kProvenanceType);
  return with_context(cat("reading what is said of ", image_name(image)),
                      [&] { return attest::Account(spdx, provenance); });
}

/// What each layer of `image` is made of, as the image that the statements are about says.
std::vector<std::string> layer_contents(const build::ImageParts& image,
                                        const build::ImageParts& stated) {
  std::map<BlobDigest, std::string> known;
  for (const auto& layer : stated.layers)
    known.emplace(layer.digest, layer.content);
  std::vector<std::string> out;
  for (const auto& layer : image.layers) {
    const auto found = known.find(layer.digest);
    out.push_back(found == known.end() ? std::string() : found->second);
  }
  return out;
}

/// The one path that was asked for, also by way of a linked directory.
void keep_path(const image::Contents& contents,
               const std::string& text,
               std::vector<attest::Explanation>& list) {
  const auto parsed = RelativePath::parse(text, true);
  const auto path = image::existing_path(contents, parsed ? parsed->str() : std::string());
  std::erase_if(list, [&](const attest::Explanation& one) { return one.path != path; });
}

image::Contents contents_of(Session& session, const ResolvedImage& image) {
  return image::read_contents(
      *image.repository, image.manifest, session.cancel(), read_options(session));
}

/// How each path differs from the one in the image before; those that don't are not in it.
std::map<std::string, std::string> changes(Session& session,
                                           const std::string& before,
                                           const image::Contents& contents) {
  const auto resolved = resolve_image(session, before);
  std::map<std::string, std::string> out;
  for (const auto& one : image::diff(contents_of(session, resolved), contents))
    if (one.kind != image::Difference::Kind::removed)
      out.emplace(one.path, one.kind == image::Difference::Kind::added ? "added" : one.what);
  return out;
}

/// Throws Kind::refused, naming what nothing explains.
void demand_explained(const std::string& name,
                      const std::vector<attest::Explanation>& list,
                      const std::vector<std::string>& missing) {
  std::vector<std::string> problems;
  for (const auto& one : list)
    if (!one.problem.empty())
      problems.push_back(cat("/", printable(one.path), ": ", one.problem));
  for (const auto& path : missing)
    problems.push_back(cat("/", path, ": the SBOM names it, and the image has it not"));
  if (problems.empty())
    return;
  Error error(Kind::refused,
              cat(problems.size(),
                  problems.size() == 1 ? " path" : " paths",
                  " of ",
                  name,
                  problems.size() == 1 ? " is" : " are",
                  " not what the statements say"));
  for (std::size_t at = 0; at < std::min(problems.size(), kShownProblems); ++at)
    error.detail(problems[at]);
  if (problems.size() > kShownProblems)
    error.detail(cat("and ", problems.size() - kShownProblems, " more; --json lists them all"));
  throw std::move(error);
}

int explain(Session& session, const ExplainOptions& options) {
  if (options.all == !options.path.empty())
    throw Error(Kind::usage, "name one path, or --all for every one");
  const auto keys = statement_keys(session, options.keys);
  auto image = resolve_image(session, options.reference);
  const auto parts = build::read_parts(*image.repository, image.manifest);
  auto stated =
      resolve_image(session, options.sbom_of.empty() ? options.reference : options.sbom_of);
  if (options.sbom_of.empty())
    stated.manifest = image.manifest;
  const auto account = account_of(stated, keys);
  const auto contents = contents_of(session, image);
  auto list = attest::explain(
      account,
      contents,
      layer_contents(parts, build::read_parts(*stated.repository, stated.manifest)));
  std::vector<std::string> missing;
  if (options.all)
    missing = attest::missing(account, contents);
  else
    keep_path(contents, options.path, list);
  ExplanationText text{parts, std::nullopt};
  if (!options.before.empty())
    text.changes = changes(session, options.before, contents);
  if (!account.lists_files())
    session.environment().err << "note: this SBOM lists no files: each is as good as its layer\n";
  if (session.options().json) {
    Json files = Json::object();
    for (const auto& one : list)
      files[printable(one.path)] = text.record(one);
    session.print({{"image", image_name(image)},
                   {"statements", image_name(stated)},
                   {"files", std::move(files)},
                   {"missing", missing}});
  } else {
    for (const auto& one : list)
      session.environment().out << (options.all ? text.line(one) : text.paragraph(one));
  }
  demand_explained(image_name(image), list, missing);
  return 0;
}

}  // namespace

void register_explain(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ExplainOptions>();
  auto* command = add_command(app,
                              "explain",
                              "where a file of an image comes from; 3 if nothing verified says it",
                              "cullet explain nginx /usr/sbin/nginx\n"
                              "  cullet explain nginx --all --before nginx:1.22.0");
  command->add_option("ref", options->reference, kReference)->required();
  command->add_option("path", options->path, "a file, link or directory of it");
  command->add_flag("--all", options->all, "every path, and what the image lacks");
  add_key_option(*command, options->keys);
  command->add_option("--before", options->before, "an earlier image: say whether it had the same")
      ->type_name("REF");
  command
      ->add_option("--sbom-of",
                   options->sbom_of,
                   "explain by what is said of that image, which this one should be a copy of")
      ->type_name("REF");
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return explain(session, *options); };
  });
}

}  // namespace cullet::cli
