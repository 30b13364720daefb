// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"
#include "cullet/image/contents.hpp"

#include "../command.hpp"
#include "../resolve.hpp"

namespace cullet::cli {

namespace {

/// "-rwxr-xr-x" as ls prints it.
std::string mode_text(const archive::Entry& entry) {
  constexpr std::string_view kBits = "rwxrwxrwx";
  std::string out = "-";
  if (entry.type == archive::EntryType::directory)
    out = "d";
  if (entry.type == archive::EntryType::symlink)
    out = "l";
  for (unsigned bit = 0; bit < kBits.size(); ++bit)
    out += (entry.mode >> (8U - bit) & 1U) != 0 ? kBits[bit] : '-';
  if ((entry.mode & 04000U) != 0)
    out[3] = out[3] == 'x' ? 's' : 'S';
  if ((entry.mode & 02000U) != 0)
    out[6] = out[6] == 'x' ? 's' : 'S';
  if ((entry.mode & 01000U) != 0)
    out[9] = out[9] == 'x' ? 't' : 'T';
  return out;
}

Json file_record(const image::File& file) {
  static constexpr std::string_view kTypes[] = {"file", "directory", "symlink", "hardlink"};
  Json out{{"type", kTypes[static_cast<std::size_t>(file.entry.type)]},
           {"mode", file.entry.mode},
           {"uid", file.entry.uid},
           {"gid", file.entry.gid},
           {"size", file.entry.size},
           {"layer", file.layer}};
  if (!file.entry.target.empty())
    out["target"] = printable(file.entry.target);
  if (file.entry.type == archive::EntryType::file)
    out["sha256"] = file.content.hex();
  return out;
}

bool below(const std::string& path, const std::string& directory) {
  return directory.empty() || path == directory || path.rfind(directory + "/", 0) == 0;
}

/// What `path` means in the image; "" for its root. An image need not have an entry of a directory
/// that it has files in.
std::string place_in(const image::Contents& contents, const std::string& path) {
  const auto parsed = RelativePath::parse(path, true);
  if (!parsed)
    return {};
  const auto& wanted = parsed->str();
  const auto first = contents.lower_bound(wanted + "/");
  const bool has_files = first != contents.end() && below(first->first, wanted);
  return has_files ? wanted : image::existing_path(contents, wanted);
}

int list(Session& session, const std::string& text, const std::string& path) {
  const auto resolved = resolve_image(session, text);
  const auto contents = image::read_contents(
      *resolved.repository, resolved.manifest, session.cancel(), read_options(session));
  const auto directory = place_in(contents, path);
  Json files = Json::object();
  for (const auto& [name, file] : contents) {
    if (!below(name, directory))
      continue;
    if (session.options().json) {
      files[printable(name)] = file_record(file);
      continue;
    }
    session.environment().out << cat(mode_text(file.entry),
                                     " ",
                                     file.entry.uid,
                                     ":",
                                     file.entry.gid,
                                     " ",
                                     file.entry.size,
                                     " ",
                                     printable(name),
                                     file.entry.type == archive::EntryType::symlink
                                         ? " -> " + printable(file.entry.target)
                                         : std::string())
                              << '\n';
  }
  if (session.options().json)
    session.print({{"digest", resolved.manifest.digest.str()}, {"files", files}});
  return 0;
}

}  // namespace

void register_ls(CLI::App& app, Action& chosen) {
  auto image = std::make_shared<std::string>();
  auto path = std::make_shared<std::string>();
  auto* command = add_command(app, "ls", "list the files of an image", "cullet ls nginx /etc");
  command->add_option("ref", *image, kReference)->required();
  command->add_option("path", *path, "only what is there and below");
  command->callback([image, path, &chosen] {
    chosen = [image, path](Session& session) { return list(session, *image, *path); };
  });
}

}  // namespace cullet::cli
