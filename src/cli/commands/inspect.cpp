// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
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

int list(Session& session, const std::string& text, const std::string& path) {
  const auto resolved = resolve_image(session, text);
  const auto contents = image::read_contents(
      *resolved.repository, resolved.manifest, session.cancel(), read_options(session));
  const auto parsed = RelativePath::parse(path, true);
  const auto directory = parsed ? parsed->str() : std::string();
  Json files = Json::object();
  bool any = false;
  for (const auto& [name, file] : contents) {
    if (!below(name, directory))
      continue;
    any = true;
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
  if (!any)
    throw Error(Kind::input, cat("the image has no ", path));
  if (session.options().json)
    session.print({{"digest", resolved.manifest.digest.str()}, {"files", files}});
  return 0;
}

int print_file(Session& session, const std::string& text, const std::string& path) {
  const auto resolved = resolve_image(session, text);
  class StreamSink final : public Sink {
   public:
    explicit StreamSink(std::ostream& out) : out_(out) {}
    void write(Bytes bytes) override {
      const auto view = as_text(bytes);
      out_.write(view.data(), static_cast<std::streamsize>(view.size()));
    }

   private:
    std::ostream& out_;
  } sink(session.environment().out);
  image::read_file(
      *resolved.repository, resolved.manifest, path, sink, session.cancel(), read_options(session));
  return 0;
}

}  // namespace

void register_inspect(CLI::App& app, Action& chosen) {
  auto first = std::make_shared<std::string>();
  auto second = std::make_shared<std::string>();
  auto* ls = add_command(app, "ls", "list the files of an image", "cullet ls nginx /etc");
  ls->add_option("ref", *first, "a recipe's image, or HOST/NAME:TAG, or oci:PATH:TAG")->required();
  ls->add_option("path", *second, "only what is there and below");
  ls->callback([first, second, &chosen] {
    chosen = [first, second](Session& session) { return list(session, *first, *second); };
  });
  auto* cat_command =
      add_command(app, "cat", "print a file of an image", "cullet cat nginx /etc/passwd");
  cat_command->add_option("ref", *first, "the image")->required();
  cat_command->add_option("path", *second, "the file")->required();
  cat_command->callback([first, second, &chosen] {
    chosen = [first, second](Session& session) { return print_file(session, *first, *second); };
  });
}

}  // namespace cullet::cli
