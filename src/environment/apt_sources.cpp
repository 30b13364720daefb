// SPDX-License-Identifier: Apache-2.0
#include "apt_sources.hpp"

#include <algorithm>
#include <array>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"

#include "control_file.hpp"

namespace cullet::environment {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxFile = std::uint64_t{1} << 20U;

/// deb822 names of the options that are passed on; a .list file has them in lower case.
constexpr std::array<std::string_view, 6> kOptions{"Signed-By",
                                                   "Check-Valid-Until",
                                                   "Valid-Until-Min",
                                                   "Valid-Until-Max",
                                                   "Check-Date",
                                                   "Date-Max-Future"};

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_usable(std::string_view uri) {
  for (const std::string_view scheme : {"http://", "https://", "file:/", "mirror+file:/"})
    if (uri.substr(0, scheme.size()) == scheme && uri.size() > scheme.size())
      return true;
  return false;
}

std::string without_slash(std::string uri) {
  while (!uri.empty() && uri.back() == '/')
    uri.pop_back();
  // apt takes file:/srv, URLs elsewhere are file:///srv.
  if (uri.rfind("file:/", 0) == 0 && uri.rfind("file:///", 0) != 0)
    uri.insert(5, "//");
  return uri;
}

void add(std::vector<AptSource>& into,
         const AptSource& form,
         const std::vector<std::string>& uris) {
  for (const auto& uri : uris) {
    if (!is_usable(uri))
      continue;
    into.push_back(form);
    into.back().uri = without_slash(uri);
  }
}

/// "[ a=b c=d ]" of a .list line; `rest` is left behind it.
std::map<std::string, std::string> list_options(std::string_view& rest, const std::string& where) {
  std::map<std::string, std::string> options;
  if (rest.empty() || rest[0] != '[')
    return options;
  const auto end = rest.find(']');
  if (end == std::string_view::npos)
    throw Error(Kind::input, cat(where, ": '[' is not closed"));
  for (const auto& word : words(rest.substr(1, end - 1)))
    if (const auto equals = word.find('='); equals != std::string::npos && equals > 0)
      options[word.substr(0, equals)] = word.substr(equals + 1);
  rest.remove_prefix(end + 1);
  return options;
}

/// apt's mirror method reads a list of mirrors from a file: one a line, options behind tabs.
std::vector<AptSource> expand_mirror_file(const AptSource& source) {
  constexpr std::string_view kScheme = "mirror+file:";
  if (source.uri.rfind(kScheme, 0) != 0)
    return {source};
  std::vector<std::string> uris;
  for (const auto& line : split(read_file(source.uri.substr(kScheme.size()), kMaxFile), '\n'))
    if (const auto parts = words(line);
        !parts.empty() && parts[0][0] != '#' && parts[0].rfind(kScheme, 0) != 0)
      uris.push_back(parts[0]);
  std::vector<AptSource> result;
  add(result, source, uris);
  return result;
}

/// What is appended to a suite's name for its archives. sid has no updates: it is all updates.
std::vector<std::string> endings(std::string_view suite) {
  if (suite == "sid" || suite == "unstable" || suite == "experimental")
    return {""};
  return {"", "-updates", "-security"};
}

std::vector<AptSource> with_base(const std::vector<AptSource>& sources,
                                 const std::string& base,
                                 const std::string& suite,
                                 const std::string& architecture) {
  std::vector<AptSource> result;
  for (const auto& ending : endings(suite))
    for (const auto& source : sources)
      if (source.suite == cat(base, ending) && contains(source.components, "main") &&
          (architecture.empty() || source.architectures.empty() ||
           contains(source.architectures, architecture))) {
        result.push_back(source);
        result.back().suite = cat(suite, ending);
      }
  return result;
}

}  // namespace

std::vector<AptSource> parse_deb822_sources(std::string_view text, const std::string& file) {
  std::vector<AptSource> sources;
  for (const auto& paragraph : parse_control(text, file)) {
    const auto enabled = paragraph.get("Enabled");
    if (same_word(enabled, "no") || same_word(enabled, "false") ||
        !contains(words(paragraph.get("Types")), "deb"))
      continue;
    AptSource form;
    form.components = words(paragraph.get("Components"));
    form.architectures = words(paragraph.get("Architectures"));
    for (const auto option : kOptions)
      if (const auto* value = paragraph.find(option))
        form.options[std::string(option)] = *value;
    for (const auto& suite : words(paragraph.get("Suites"))) {
      form.suite = suite;
      add(sources, form, words(paragraph.get("URIs")));
    }
  }
  return sources;
}

std::vector<AptSource> parse_list_sources(std::string_view text, const std::string& file) {
  std::vector<AptSource> sources;
  std::size_t number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    auto rest = trim(std::string_view(line).substr(0, line.find('#')));
    if (rest.substr(0, 4) != "deb " && rest.substr(0, 4) != "deb\t")
      continue;
    rest = trim(rest.substr(4));
    const auto options = list_options(rest, cat(file, ":", number));
    auto parts = words(rest);
    if (parts.size() < 2)
      throw Error(Kind::input, cat(file, ":", number, ": a line needs a URL and a suite"));
    AptSource form;
    form.suite = parts[1];
    form.components.assign(parts.begin() + 2, parts.end());
    for (const auto& [key, value] : options) {
      if (same_word(key, "arch"))
        form.architectures = split(value, ',');
      for (const auto option : kOptions)
        if (same_word(key, option))
          form.options[std::string(option)] = value;
    }
    add(sources, form, {parts[0]});
  }
  return sources;
}

std::vector<AptSource> machine_sources(const fs::path& etc_apt) {
  std::vector<AptSource> sources;
  const auto read = [&](const fs::path& path) {
    try {
      const auto text = read_file(path, kMaxFile);
      const auto parsed = path.extension() == ".sources" ? parse_deb822_sources(text, path.string())
                                                         : parse_list_sources(text, path.string());
      for (const auto& source : parsed)
        for (auto& expanded : expand_mirror_file(source))
          sources.push_back(std::move(expanded));
    } catch (const Error& error) {
      if (error.kind() == Kind::interrupted)
        throw;
    }
  };
  read(etc_apt / "sources.list");
  const auto parts = etc_apt / "sources.list.d";
  std::error_code absent;
  if (fs::is_directory(parts, absent)) {
    const auto directory = open_directory(parts);
    for (const auto& name : list_directory(directory.get(), parts.string()))
      if (const auto extension = fs::path(name).extension();
          extension == ".sources" || extension == ".list")
        read(parts / name);
  }
  return sources;
}

std::vector<AptSource> select_sources(const std::vector<AptSource>& sources,
                                      const std::string& suite,
                                      const std::string& architecture) {
  auto selected = with_base(sources, suite, suite, architecture);
  // The suite's own archive has to be there: "SUITE-security" alone can't resolve anything.
  if (!selected.empty() && selected[0].suite == suite)
    return selected;
  for (const std::string base : {"stable",
                                 "oldstable",
                                 "testing",
                                 "unstable",
                                 "sid",
                                 "bullseye",
                                 "bookworm",
                                 "trixie",
                                 "forky",
                                 "duke"}) {
    selected = with_base(sources, base, suite, architecture);
    if (!selected.empty() && selected[0].suite == suite)
      return selected;
  }
  return {};
}

std::vector<AptSource> mirror_sources(const std::vector<std::string>& mirrors,
                                      const std::string& suite) {
  constexpr std::string_view kFile = "file://";
  std::vector<AptSource> sources;
  for (const auto& mirror : mirrors) {
    const auto uri = without_slash(mirror);
    const bool security = uri.find("security", uri.rfind('/') + 1) != std::string::npos;
    for (const auto& ending : endings(suite)) {
      if (security != (ending == "-security"))
        continue;
      const auto name = suite + ending;
      // Only a local mirror may say itself what it has: over a network, who answers "not found"
      // for the updates would keep them from being used.
      std::error_code absent;
      if (!ending.empty() && uri.rfind(kFile, 0) == 0 &&
          !fs::exists(fs::path(uri.substr(kFile.size())) / "dists" / name, absent))
        continue;
      sources.push_back({uri, name, {"main"}, {}, {}});
    }
  }
  return sources;
}

std::string format_sources(const std::vector<AptSource>& sources, const std::string& architecture) {
  std::string text;
  for (const auto& source : sources) {
    text += cat("Types: deb\nURIs: ",
                source.uri,
                "\nSuites: ",
                source.suite,
                "\nComponents: main\nArchitectures: ",
                architecture,
                "\n");
    for (const auto& [name, value] : source.options) {
      text += name + ":";
      for (const auto& line : split(value, '\n'))
        text += " " + line + "\n";
    }
    text += "\n";
  }
  return text;
}

}  // namespace cullet::environment
