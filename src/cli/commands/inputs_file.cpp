// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/inputs.hpp"
#include "cullet/registry/image_file.hpp"

#include "../edits.hpp"
#include "../inputs_options.hpp"
#include "../place_tags.hpp"
#include "../progress_view.hpp"
#include "../resolve.hpp"

namespace cullet::cli {

namespace {

int export_file(Session& session, const std::string& reference, const std::string& file) {
  const auto image = resolve_image(session, reference);
  const auto path = (session.directory() / file).lexically_normal();
  std::error_code none;
  if (const auto status = std::filesystem::symlink_status(path, none);
      std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw Error(Kind::input, cat(printable(path.string()), " is no regular file"))
        .hint("name a new file");
  const auto inputs = build::find_inputs(*image.repository, image.manifest);
  std::uint64_t size = 0;
  {
    ProgressView view(session.environment());
    if (!inputs)
      view.note("no inputs are kept beside the image: the file has what refers to it, and no more");
    const auto work = session.store().work_directory();
    const auto title = cat("exporting ", image.reference.str());
    size = registry::write_image_file(
        *image.repository,
        image.manifest,
        path,
        {.tag = image.reference.tag,
         .room = work.root(),
         .parallel = session.jobs(),
         .progress = [&](std::uint64_t done, std::uint64_t of) { view.transfer(title, done, of); }},
        session.cancel());
  }
  const auto count = inputs ? inputs->inputs.size() : 0;
  if (session.options().json)
    session.print(
        {{"image", image_name(image)}, {"file", file}, {"size", size}, {"inputs", count}});
  else
    session.environment().out << cat(file, ": ", human_size(size), ", ", count, " inputs") << '\n';
  return 0;
}

struct ImportOptions {
  std::string file, to;
  bool force = false;
};

/// Where the user says, else where the workspace has the image of that recipe.
registry::Reference destination(Session& session,
                                const ImportOptions& options,
                                const std::string& recipe) {
  if (!options.to.empty())
    return session.destination(options.to);
  if (recipe.empty())
    throw Error(Kind::usage, "the file has no inputs, so that it doesn't say which recipe it is of")
        .hint("say where it goes: --to oci:PATH or --to HOST/NAME");
  return session.home(recipe);
}

int import_file(Session& session, const ImportOptions& options) {
  if (!options.to.empty())
    session.destination(options.to);  // wrong, it is so before all is read
  const auto work = session.store().work_directory();
  registry::Reference to;
  image::Descriptor manifest;
  registry::CopyReport report;
  std::size_t count = 0;
  {
    ProgressView view(session.environment());
    const auto read = [&](std::uint64_t done, std::uint64_t of) {
      view.transfer(cat("reading ", options.file), done, of);
    };
    const auto file = registry::read_image_file(
        session.directory() / options.file, work.root(), read, session.cancel());
    const auto inputs = build::find_inputs(*file.layout, file.manifest);
    count = inputs ? inputs->inputs.size() : 0;
    to = destination(session, options, inputs ? inputs->recipe : "");
    if (to.tag.empty())
      to.tag = file.tag;
    manifest = file.manifest;
    if (!to.tag.empty() && !to.tag.ends_with(kEditsSuffix))
      refuse_edits(*file.layout, manifest, cat("import as '", to.tag, "'"));
    const auto repository = session.repository(to, true);
    registry::CopyOptions copy;
    copy.parallel = session.jobs();
    copy.progress = [&](std::uint64_t done, std::uint64_t of) {
      view.transfer(cat("importing to ", to.name()), done, of);
    };
    std::function<void()> demand_free;
    if (!options.force)
      demand_free = [&] {
        const auto there = repository->find_tag(to.tag);
        if (there && there->digest != manifest.digest)
          throw Error(Kind::refused, cat(to.str(), " is another image: ", there->digest))
              .hint("name another tag with --to, or move it with --force");
      };
    report = copy_and_tag(session, *file.layout, manifest, *repository, to, copy, demand_free);
  }
  if (session.options().json)
    session.print({{"reference", to.str()},
                   {"digest", manifest.digest.str()},
                   {"inputs", count},
                   {"referrers", report.referrers},
                   {"bytes_sent", report.bytes_sent}});
  else
    session.environment().out << cat(to.str(),
                                     "@",
                                     manifest.digest,
                                     ": ",
                                     report.referrers,
                                     " signatures and attestations, ",
                                     count,
                                     " inputs")
                              << '\n';
  return 0;
}

}  // namespace

void register_inputs_file(CLI::App& parent, Action& chosen) {
  {
    auto reference = std::make_shared<std::string>();
    auto file = std::make_shared<std::string>();
    auto* command = add_command(parent,
                                "export",
                                "write an image with all that refers to it, its inputs among that, "
                                "to one file",
                                "cullet inputs export nginx nginx.tar");
    command->add_option("ref", *reference, kReference)->required();
    command->add_option("file", *file, "the file to make: a tar of an OCI layout")->required();
    command->callback([reference, file, &chosen] {
      chosen = [reference, file](Session& session) {
        return export_file(session, *reference, *file);
      };
    });
  }
  auto options = std::make_shared<ImportOptions>();
  auto* command =
      add_command(parent,
                  "import",
                  "verify such a file and put what it holds into a registry",
                  "cullet inputs import nginx.tar --to registry.example.com/prod/nginx");
  command->add_option("file", options->file, "a file that `export` made")->required();
  command
      ->add_option("--to",
                   options->to,
                   "where to: HOST/NAME[:TAG] or oci:PATH[:TAG] [the workspace's registry]")
      ->type_name("REF");
  command->add_flag("--force", options->force, "move a tag that names another image");
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return import_file(session, *options); };
  });
}

}  // namespace cullet::cli
