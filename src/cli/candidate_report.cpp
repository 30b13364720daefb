// SPDX-License-Identifier: Apache-2.0
#include "candidate_report.hpp"

#include <algorithm>

#include "cullet/base/text.hpp"

#include "escaped.hpp"

namespace cullet::cli {

namespace {

constexpr std::size_t kListed = 50;

/// Foreign text in Markdown: nothing in it means anything.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '<' || c == '>' || c == '&') {
      out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;";
      continue;
    }
    if (std::string_view("\\`*_[]()#|~!@").find(c) != std::string_view::npos)
      out += '\\';
    out += c;
  }
  return out;
}

std::string_view name(image::Difference::Kind kind) {
  switch (kind) {
    case image::Difference::Kind::added:
      return "added";
    case image::Difference::Kind::removed:
      return "removed";
    case image::Difference::Kind::changed:
      break;
  }
  return "changed";
}

std::size_t count(const image::Comparison& comparison, image::Difference::Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(comparison.files.begin(), comparison.files.end(), [&](const auto& file) {
        return file.kind == kind;
      }));
}

Json to_json(const CandidateImage& image) {
  const auto& compared = image.comparison;
  Json files = Json::array(), libraries = Json::array();
  for (const auto& file : compared.files)
    files.push_back({{"path", printable(file.path)},
                     {"change", name(file.kind)},
                     {"what", printable(file.what)}});
  for (const auto& library : compared.libraries)
    libraries.push_back({{"library", printable(library.library)},
                         {"symbols_added", escaped(library.symbols_added)},
                         {"symbols_removed", escaped(library.symbols_removed)},
                         {"needed_added", escaped(library.needed_added)},
                         {"needed_removed", escaped(library.needed_removed)}});
  return {{"recipe", image.recipe},
          {"before", image.before ? Json(image.before->digest.str()) : Json()},
          {"after", image.after.digest.str()},
          {"size_before", image.before ? Json(image.size_before) : Json()},
          {"size_after", image.size_after},
          {"files", files},
          {"libraries", libraries},
          {"libraries_added", escaped(compared.libraries_added)},
          {"libraries_removed", escaped(compared.libraries_removed)},
          {"licences", escaped(compared.licences)},
          {"notes", escaped(compared.notes)},
          {"pushed", image.pushed.empty() ? Json() : Json(image.pushed)}};
}

/// One line per item, cut where it would be too long to read.
template <class Items, class Line>
void list(std::string& out, const Items& items, const Line& line) {
  std::size_t shown = 0;
  for (const auto& item : items) {
    if (shown++ == kListed) {
      out += cat("- and ", items.size() - kListed, " more\n");
      return;
    }
    out += cat("- ", line(item), "\n");
  }
}

void add_names(std::string& out, std::string_view title, const std::vector<std::string>& names) {
  if (names.empty())
    return;
  out += cat("\n", title, " (", names.size(), "):\n\n");
  list(out, names, plain);
}

void add_image(std::string& out, const CandidateImage& image) {
  const auto& compared = image.comparison;
  out += cat("\n### Image ", plain(image.recipe), "\n\n");
  out += cat("- after: `", image.after.digest, "`, ", human_size(image.size_after), "\n");
  if (image.before)
    out += cat("- before: `", image.before->digest, "`, ", human_size(image.size_before), "\n");
  if (!image.pushed.empty())
    out += cat("- pushed, unsigned: ", plain(image.pushed), "\n");
  if (!image.before) {
    out += "- there is no image before it to compare with\n";
    return;
  }
  using Change = image::Difference::Kind;
  out += compared.equal() ? std::string("- no file differs\n")
                          : cat("- files: ",
                                count(compared, Change::added),
                                " added, ",
                                count(compared, Change::removed),
                                " removed, ",
                                count(compared, Change::changed),
                                " changed; ",
                                human_size(compared.bytes_before),
                                " → ",
                                human_size(compared.bytes_after),
                                "\n");
  add_names(out, "Shared libraries added", compared.libraries_added);
  add_names(out, "Shared libraries removed", compared.libraries_removed);
  for (const auto& library : compared.libraries) {
    out += cat("\nLibrary ", plain(library.library), ":\n");
    add_names(out, "Symbols added", library.symbols_added);
    add_names(out, "Symbols removed", library.symbols_removed);
    add_names(out, "Now needs", library.needed_added);
    add_names(out, "Needs no more", library.needed_removed);
  }
  add_names(out, "Licence files that differ", compared.licences);
  add_names(out, "Notes", compared.notes);
  if (compared.equal())
    return;
  out += "\n<details><summary>Files</summary>\n\n";
  list(out, compared.files, [](const image::Difference& file) {
    return cat(name(file.kind),
               " ",
               plain("/" + file.path),
               file.what.empty() ? "" : ": ",
               plain(file.what));
  });
  out += "\n</details>\n";
}

void add_error(std::string& out, const Error& error) {
  out += cat("\n**", plain(error.message()), "**\n\n");
  auto lines = error.details();
  for (const auto& context : error.contexts())
    lines.push_back("while " + context);
  for (const auto& hint : error.hints())
    lines.push_back("hint: " + hint);
  // A detail may be the last lines of a step's output.
  for (const auto& detail : lines)
    for (const auto& line : split(detail, '\n'))
      out += cat("- ", plain(line), "\n");
}

void add_candidate(std::string& out, const Candidate& candidate) {
  out += cat("\n## ", plain(headline(candidate)), "\n\n");
  if (candidate.answer.state) {
    const auto& state = *candidate.answer.state;
    out += cat("- upstream: ", plain(headline(candidate.answer)), "\n");
    out += cat("- commit: `", state.newest.commit, "`\n");
    for (const auto& note : state.notes)
      out += cat("- note: ", plain(note), "\n");
  }
  if (candidate.written)
    out += "- written to the workspace\n";
  if (candidate.answer.state && !candidate.answer.state->patches.empty()) {
    out += "\n| patch | what becomes of it |\n|---|---|\n";
    for (const auto& carried : candidate.answer.state->patches)
      out += cat("| ",
                 plain(candidate.fork().patches.at(carried.patch).name()),
                 " | ",
                 plain(fate_of(carried)),
                 " |\n");
  }
  if (candidate.error)
    add_error(out, *candidate.error);
  add_names(out, "Forbidden", candidate.forbidden);
  add_names(out, "Licence files of the source that differ", candidate.licences);
  for (const auto& image : candidate.images)
    add_image(out, image);
}

}  // namespace

Json to_json(const Candidate& candidate) {
  auto out = to_json(candidate.answer);
  out["outcome"] = name(candidate.outcome);
  out["status"] = candidate.status();
  out["recipes"] = candidate.recipes;
  out["images"] = Json::array();
  for (const auto& image : candidate.images)
    out["images"].push_back(to_json(image));
  out["licences"] = escaped(candidate.licences);
  out["forbidden"] = escaped(candidate.forbidden);
  out["written"] = candidate.written;
  if (candidate.error)
    out["error"] = to_json(*candidate.error);
  return out;
}

std::string headline(const Candidate& candidate) {
  const auto& fork = candidate.fork();
  const auto from = fork.version.empty() ? fork.commit.substr(0, 12) : fork.version;
  if (!candidate.answer.state)
    return printable(cat(fork.name, " ", from, ": upstream could not be asked"));
  const auto& newest = candidate.answer.state->newest;
  switch (candidate.outcome) {
    case Candidate::Outcome::nothing:
      return printable(cat(fork.name, " ", from, ": nothing new"));
    case Candidate::Outcome::good:
      return printable(cat(fork.name, " ", from, " → ", newest.name, ": good"));
    case Candidate::Outcome::conflict:
      return printable(cat(fork.name, " ", from, " → ", newest.name, ": patches conflict"));
    case Candidate::Outcome::forbidden:
      return printable(cat(fork.name, " ", from, " → ", newest.name, ": differs as is forbidden"));
    case Candidate::Outcome::failed:
      break;
  }
  return printable(cat(fork.name, " ", from, " → ", newest.name, ": failed"));
}

std::string markdown(const std::vector<Candidate>& candidates) {
  std::string out = "# Upstream\n";
  std::vector<std::string> quiet;
  for (const auto& candidate : candidates)
    if (candidate.outcome == Candidate::Outcome::nothing)
      quiet.push_back(headline(candidate));
    else
      add_candidate(out, candidate);
  add_names(out, "Nothing new", quiet);
  return out;
}

}  // namespace cullet::cli
