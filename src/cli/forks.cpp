// SPDX-License-Identifier: Apache-2.0
#include "forks.hpp"

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::cli {

source::Context source_context(Session& session, ProgressView& view) {
  return source_context(session, view, session.http());
}

source::Context source_context(Session& session, ProgressView& view, http::Client& client) {
  return {.store = session.store(),
          .http = client,
          .cancel = session.cancel(),
          .workspace = session.workspace().root,
          .mirrors = session.mirrors(),
          .threads = session.jobs(),
          .progress = view.status(),
          .environment = session.environment().variables};
}

const workspace::Fork& find_fork(Session& session, const std::string& name) {
  const auto& forks = session.workspace().forks;
  if (const auto found = forks.find(name); found != forks.end())
    return found->second;
  std::vector<std::string> known;
  for (const auto& [known_name, fork] : forks)
    known.push_back(known_name);
  Error error(Kind::input, cat("there is no fork '", printable(name), "' in forks/"));
  if (const auto near = nearest(name, known))
    error.hint(cat("did you mean '", *near, "'?"));
  throw std::move(error).hint("`cullet fork add NAME URL --commit …` adds one");
}

std::size_t find_patch(const workspace::Fork& fork, const std::string& name) {
  std::vector<std::size_t> found;
  std::vector<std::string> known;
  for (std::size_t i = 0; i < fork.patches.size(); ++i) {
    const auto full = fork.patches[i].name();
    auto brief = full.substr(full.rfind('/') + 1);
    if (brief.ends_with(".patch"))
      brief.resize(brief.size() - 6);
    if (full == name)
      return i;
    if (brief == name || full.ends_with("/" + name))
      found.push_back(i);
    known.push_back(full);
    known.push_back(brief);
  }
  if (found.size() == 1)
    return found[0];
  if (found.size() > 1)
    throw Error(Kind::input, cat("'", name, "' names several patches of fork '", fork.name, "'"))
        .hint(cat("give all of its name, as ", fork.patches[found[0]].name()));
  Error error(Kind::input, cat("fork '", fork.name, "' has no patch '", printable(name), "'"));
  if (const auto near = nearest(name, known))
    error.hint(cat("did you mean '", printable(*near), "'?"));
  throw std::move(error).hint(cat("`cullet patch list ", fork.name, "` lists them"));
}

}  // namespace cullet::cli
