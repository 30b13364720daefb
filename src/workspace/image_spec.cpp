// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"

#include "fields.hpp"
#include "parts.hpp"
#include "scalars.hpp"
#include "values.hpp"

namespace cullet::workspace {
namespace {

constexpr auto kOptional = Presence::optional;
constexpr auto kRequired = Presence::required;

constexpr Field<PackageSet> kPackageSet[] = {
    {"packages",
     kRequired,
     [](const Node& n, PackageSet& s) {
       s.packages = read_filled_set(n, read_package);
       s.packages_at = positions(n);
     }},
    {"dependencies",
     kOptional,
     [](const Node& n, PackageSet& s) { s.dependencies = read_boolean(n); }},
    {"exclude",
     kOptional,
     [](const Node& n, PackageSet& s) { s.exclude = read_filled_set(n, read_glob); }},
};

Content read_content(const Node& node) {
  if (node.type == Node::Type::scalar)
    return read_output_ref(node);
  if (node.type != Node::Type::map)
    reject(node, "RECIPE, RECIPE:OUTPUT or { packages: [...] }");
  PackageSet set;
  set.at = node.at();
  read_fields(node, "a set of packages", kPackageSet, set);
  return set;
}

std::vector<Content> read_contents(const Node& node) {
  auto contents = read_filled_list(node, read_content);
  std::map<std::string, Position> seen;
  for (const auto& content : contents)
    if (const auto* ref = std::get_if<OutputRef>(&content))
      if (!seen.emplace(ref->str(), ref->at).second)
        throw error_at(ref->at, cat("'", ref->str(), "' is in 'contents' twice"));
  return contents;
}

/// An image file while its keys are read.
struct FileParts {
  ImageFile file;
  int kinds = 0;
  bool has_mode = false;
};

constexpr Field<FileParts> kFile[] = {
    {"path", kRequired, [](const Node& n, FileParts& p) { p.file.path = read_inner_path(n); }},
    {"text",
     kOptional,
     [](const Node& n, FileParts& p) {
       p.file.text = read_text(n);
       ++p.kinds;
     }},
    {"directory",
     kOptional,
     [](const Node& n, FileParts& p) {
       if (!read_boolean(n))
         reject(n, "true");
       p.file.type = ImageFile::Type::directory;
       ++p.kinds;
     }},
    {"symlink",
     kOptional,
     [](const Node& n, FileParts& p) {
       p.file.target = read_line(n);
       p.file.type = ImageFile::Type::symlink;
       ++p.kinds;
     }},
    {"mode",
     kOptional,
     [](const Node& n, FileParts& p) {
       p.file.mode = read_mode(n);
       p.has_mode = true;
     }},
    {"owner",
     kOptional,
     [](const Node& n, FileParts& p) { std::tie(p.file.uid, p.file.gid) = read_owner(n); }},
};

ImageFile read_file(const Node& node) {
  FileParts parts;
  read_fields(node, "a file", kFile, parts);
  auto& file = parts.file;
  file.at = node.at();
  if (parts.kinds != 1)
    throw error_at(node.at(), "a file needs exactly one of 'text', 'directory' and 'symlink'");
  if (file.type == ImageFile::Type::symlink) {
    if (parts.has_mode)
      throw error_at(find(node, "mode")->at(), "a symlink has no mode of its own");
    file.mode = 0777;
  } else if (file.type == ImageFile::Type::directory && !parts.has_mode) {
    file.mode = 0755;
  }
  return file;
}

std::vector<ImageFile> read_files(const Node& node) {
  auto files = read_list(node, read_file);
  std::map<std::string, const ImageFile*> by_path;
  for (const auto& file : files)
    if (!by_path.emplace(file.path, &file).second)
      throw error_at(file.at, cat("'/", file.path, "' is in 'files' twice"))
          .detail(cat("first at ", by_path.at(file.path)->at.str()));
  for (const auto& file : files)
    for (auto up = RelativePath::parse(file.path)->parent(); up; up = up->parent())
      if (const auto found = by_path.find(up->str());
          found != by_path.end() && found->second->type != ImageFile::Type::directory)
        throw error_at(file.at, cat("'/", file.path, "' is below '/", up->str(), "'"))
            .detail(cat("which is not a directory: ", found->second->at.str()));
  return files;
}

std::vector<std::string> read_arguments(const Node& node) {
  auto arguments = read_filled_list(node, read_text);
  if (arguments[0].empty())
    throw error_at(node.items[0].at(), cat(node.describe(), " must start with a program"));
  return arguments;
}

void read_labels(const Node& node, std::map<std::string, std::string>& into) {
  read_map(node, into, read_line, read_text);
}

/// Statements are made of what cullet itself says there: which patches an image has.
std::string read_annotation_name(const Node& node) {
  auto name = read_line(node);
  if (name.starts_with("org.cullet."))
    reject(node, "a name of your own, because 'org.cullet.' is what cullet says itself");
  return name;
}

constexpr Field<ImageConfig> kConfig[] = {
    {"entrypoint",
     kOptional,
     [](const Node& n, ImageConfig& c) { c.entrypoint = read_arguments(n); }},
    {"cmd",
     kOptional,
     [](const Node& n, ImageConfig& c) { c.cmd = read_filled_list(n, read_text); }},
    {"env",
     kOptional,
     [](const Node& n, ImageConfig& c) { c.env = read_environment_variables(n); }},
    {"user", kOptional, [](const Node& n, ImageConfig& c) { c.user = read_user(n); }},
    {"working_dir",
     kOptional,
     [](const Node& n, ImageConfig& c) { c.working_dir = read_absolute_path(n); }},
    {"ports", kOptional, [](const Node& n, ImageConfig& c) { c.ports = read_set(n, read_port); }},
    {"volumes",
     kOptional,
     [](const Node& n, ImageConfig& c) { c.volumes = read_set(n, read_absolute_path); }},
    {"stop_signal",
     kOptional,
     [](const Node& n, ImageConfig& c) { c.stop_signal = read_signal(n); }},
    {"labels", kOptional, [](const Node& n, ImageConfig& c) { read_labels(n, c.labels); }},
    {"annotations",
     kOptional,
     [](const Node& n, ImageConfig& c) {
       read_map(n, c.annotations, read_annotation_name, read_text);
     }},
};

constexpr Field<TestStep> kTestStep[] = {
    {"exec", kOptional, [](const Node& n, TestStep& s) { s.exec = read_arguments(n); }},
    {"run", kOptional, [](const Node& n, TestStep& s) { s.run = read_prose(n); }},
    {"tools", kOptional, [](const Node& n, TestStep& s) { s.tools = read_name(n); }},
    {"timeout",
     kOptional,
     [](const Node& n, TestStep& s) { s.timeout_seconds = read_duration(n); }},
};

TestStep read_test_step(const Node& node) {
  TestStep step;
  step.at = node.at();
  read_fields(node, "a test", kTestStep, step);
  if (step.exec.empty() == step.run.empty())
    throw error_at(node.at(), "a test needs exactly one of 'exec' and 'run'");
  if (!step.exec.empty() && !step.tools.empty())
    throw error_at(find(node, "tools")->at(), "'tools' goes with 'run': 'exec' needs no shell");
  return step;
}

constexpr Field<ImageSpec> kImage[] = {
    {"contents", kOptional, [](const Node& n, ImageSpec& s) { s.contents = read_contents(n); }},
    {"files", kOptional, [](const Node& n, ImageSpec& s) { s.files = read_files(n); }},
    {"modes", kOptional, [](const Node& n, ImageSpec& s) { s.modes = read_modes(n); }},
    {"owners",
     kOptional,
     [](const Node& n, ImageSpec& s) { read_map(n, s.owners, read_inner_path, read_owner); }},
    {"config",
     kOptional,
     [](const Node& n, ImageSpec& s) { read_fields(n, "'config'", kConfig, s.config); }},
    {"tags", kOptional, [](const Node& n, ImageSpec& s) { s.tags = read_filled_set(n, read_tag); }},
    {"compression",
     kOptional,
     [](const Node& n, ImageSpec& s) {
       s.compression = read_word(n, {"zstd", "gzip"});
     }},
    {"test", kOptional, [](const Node& n, ImageSpec& s) { s.test = read_list(n, read_test_step); }},
};

}  // namespace

std::string TestStep::title() const {
  return exec.empty() ? run.substr(0, run.find('\n')) : join(exec, " ");
}

ImageSpec read_image_spec(const Node& node) {
  ImageSpec spec;
  spec.at = node.at();
  spec.compression = "zstd";
  read_fields(node, "'image'", kImage, spec);
  if (spec.contents.empty() && spec.files.empty())
    throw error_at(node.at(), "an image needs 'contents' or 'files'");
  return spec;
}

}  // namespace cullet::workspace
