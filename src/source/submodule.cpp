// SPDX-License-Identifier: Apache-2.0
#include "submodule.hpp"

#include <vector>

#include "cullet/base/path.hpp"
#include "cullet/base/text.hpp"

#include "fetch.hpp"
#include "git_config.hpp"
#include "kept.hpp"
#include "location.hpp"

namespace cullet::source {
namespace {

constexpr std::size_t kMaxModules = 1U << 20U;
constexpr int kMaxDepth = 10;

Error bad_line(std::size_t line, std::string_view why) {
  return Error(Kind::input, cat(".gitmodules, line ", line, ": ", why));
}

/// A value of git's configuration: quotes, escapes and comments.
std::string parse_value(std::string_view text, std::size_t line) {
  std::string value;
  std::size_t kept = 0;  // trailing blanks outside of quotes don't count
  bool in_quotes = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      in_quotes = !in_quotes;
      kept = value.size();
      continue;
    }
    if (!in_quotes && (c == '#' || c == ';'))
      break;
    if (c == '\\') {
      if (++i == text.size())
        throw bad_line(line, "a value is continued on the next line, which is not supported");
      const auto known = std::string_view("nt\"\\").find(text[i]);
      if (known == std::string_view::npos)
        throw bad_line(line, "an unknown escape");
      c = "\n\t\"\\"[known];
      value += c;
      kept = value.size();
      continue;
    }
    value += c;
    if (in_quotes || (c != ' ' && c != '\t'))
      kept = value.size();
  }
  if (in_quotes)
    throw bad_line(line, "a quote is not closed");
  value.resize(kept);
  return value;
}

/// The NAME of `[submodule "NAME"]`; empty for other sections.
std::string parse_section(std::string_view text, std::size_t line) {
  if (!text.ends_with(']'))
    throw bad_line(line, "a section header is not closed");
  text = trim(text.substr(1, text.size() - 2));
  constexpr std::string_view kStart = "submodule";
  if (!text.starts_with(kStart))
    return "";
  const auto name = trim(text.substr(kStart.size()));
  if (name.size() < 2 || name.front() != '"' || name.back() != '"')
    return "";
  return parse_value(name, line);
}

struct Gitlink {
  std::string path;
  git_oid commit;
};

/// A URL that its mirror is named by; local paths only where the parent is local as well.
std::string checked_url(const Context& context,
                        const GitConfig& config,
                        const std::string& parent,
                        const std::string& declared,
                        const std::string& path) {
  auto url = resolve_url(parent, declared);
  const auto of = [&](const std::string& text) {
    return Location::parse(config.rewritten(text), context.workspace).type;
  };
  if (of(url) == Location::Type::local && of(parent) != Location::Type::local)
    throw Error(Kind::input,
                cat("submodule '",
                    printable(path),
                    "' is at the local path '",
                    printable(url),
                    "', but its parent is not local"))
        .hint("git refuses this as well; map the URL with url.*.insteadOf if it is meant");
  return url;
}

class Submodules {
 public:
  Submodules(const Context& context, FileTree& tree, std::vector<SourceCommit>* seen)
      : context_(context),
        config_(GitConfig::load(context.environment)),
        tree_(tree),
        seen_(seen) {}

  /// The gitlinks of the tree whose root is at `prefix`, and then theirs.
  void add(const std::string& prefix, const std::string& url, int depth) {
    std::vector<Gitlink> links;
    for (auto it = tree_.files().lower_bound(prefix);
         it != tree_.files().end() && it->first.starts_with(prefix);
         ++it)
      if (it->second.mode == GIT_FILEMODE_COMMIT)
        links.push_back({it->first, it->second.id});
    if (links.empty())
      return;
    if (depth == kMaxDepth)
      throw Error(Kind::input, cat("submodules are nested deeper than ", kMaxDepth));
    const auto urls = declared_urls(prefix);
    for (const auto& link : links) {
      const auto found = urls.find(link.path.substr(prefix.size()));
      if (found == urls.end())
        throw Error(Kind::input,
                    cat("submodule '", printable(link.path), "' has no URL in .gitmodules"))
            .detail(cat("its commit is ", hex(link.commit)))
            .hint("pin a commit that declares it");
      with_context([&] { return cat("adding submodule '", printable(link.path), "'"); },
                   [&] {
                     const auto at = checked_url(context_, config_, url, found->second, link.path);
                     replace(link, at);
                     add(link.path + "/", at, depth + 1);
                   });
    }
  }

 private:
  std::map<std::string, std::string> declared_urls(const std::string& prefix) const {
    const auto* file = tree_.find(prefix + ".gitmodules");
    // git, too, reads no .gitmodules through a symlink.
    if (file == nullptr || file->mode == GIT_FILEMODE_LINK)
      return {};
    return parse_gitmodules(FileTree::content(*file, ".gitmodules"));
  }

  /// From the URL's mirror, else from what was restored or kept, else from the URL.
  Repository find(const Gitlink& link, const std::string& url) {
    const Mirror mirror(context_, "submodule", url);
    Repository repository;
    if (mirror.exists())
      repository = mirror.open();
    if (repository && find_commit(repository.get(), link.commit))
      return repository;
    if (auto kept = restored_or_kept(context_, link.commit, false))
      return kept;
    repository.reset();
    const auto lock = mirror.lock();
    if (!find_commit(mirror.open().get(), link.commit))
      fetch(context_, mirror, lock, {url, "refs/", cat("submodule ", link.path), link.commit});
    return mirror.open();
  }

  void replace(const Gitlink& link, const std::string& url) {
    auto repository = find(link, url);
    if (!find_commit(repository.get(), link.commit))
      throw Error(Kind::input, cat(shown(url), " has no commit ", hex(link.commit)))
          .hint("no branch or tag of it leads there any more");
    if (seen_ != nullptr)
      seen_->push_back({hex(link.commit), false, link.path, git_repository_path(repository.get())});
    tree_.remove(link.path);
    tree_.add_commit(std::shared_ptr<git_repository>(repository.release(), git_repository_free),
                     link.commit,
                     link.path + "/",
                     context_.cancel);
  }

  const Context& context_;
  GitConfig config_;
  FileTree& tree_;
  std::vector<SourceCommit>* seen_;
};

}  // namespace

std::map<std::string, std::string> parse_gitmodules(std::string_view text) {
  if (text.size() > kMaxModules)
    throw Error(Kind::input, ".gitmodules is larger than 1 MiB");
  std::map<std::string, std::pair<std::string, std::string>> modules;  // name → path, URL
  std::string section;
  std::size_t number = 0;
  for (const auto& raw : split(text, '\n')) {
    ++number;
    const auto line = trim(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';')
      continue;
    if (line[0] == '[') {
      section = parse_section(line, number);
      continue;
    }
    const auto equals = line.find('=');
    const auto key = trim(line.substr(0, equals));
    if (section.empty() || equals == line.npos)
      continue;
    if (key == "path")
      modules[section].first = parse_value(trim(line.substr(equals + 1)), number);
    else if (key == "url")
      modules[section].second = parse_value(trim(line.substr(equals + 1)), number);
  }
  std::map<std::string, std::string> urls;
  for (const auto& [name, module] : modules) {
    const auto path = RelativePath::parse(module.first);
    if (path && !module.second.empty())
      urls[path->str()] = module.second;
  }
  return urls;
}

void add_submodules(const Context& context,
                    FileTree& tree,
                    const std::string& url,
                    std::vector<SourceCommit>* seen) {
  Submodules(context, tree, seen).add("", url, 0);
}

}  // namespace cullet::source
