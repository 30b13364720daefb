// SPDX-License-Identifier: Apache-2.0
#include "candidate.hpp"

#include <algorithm>
#include <set>

#include "cullet/build/image_parts.hpp"
#include "cullet/build/publish.hpp"
#include "cullet/image/manifest.hpp"
#include "cullet/plan/affected.hpp"
#include "cullet/plan/tags.hpp"

#include "candidate_write.hpp"
#include "resolve.hpp"

namespace cullet::cli {

namespace {

using Outcome = Candidate::Outcome;

std::uint64_t size_of(image::Repository& repository, const image::Descriptor& descriptor) {
  const auto manifest = image::read_manifest(repository, descriptor);
  auto size = manifest.config.size;
  for (const auto& layer : manifest.layers)
    size += layer.size;
  return size;
}

class Trial {
 public:
  Trial(Session& session,
        const CandidateOptions& options,
        const workspace::Workspace& base,
        const std::map<std::string, std::string>& unwritten,
        Candidate& candidate)
      : session_(session),
        options_(options),
        base_(base),
        trial_(base),
        unwritten_(unwritten),
        candidate_(candidate),
        view_(session.environment()) {}

  void run() {
    if (!carry()) {
      candidate_.outcome = Outcome::conflict;
      return;
    }
    build();
    compare_all();
    forbid();
    candidate_.outcome = candidate_.forbidden.empty() ? Outcome::good : Outcome::forbidden;
    if (options_.push.empty())
      return;
    if (candidate_.outcome == Outcome::good)
      for (auto& image : candidate_.images)
        push(image);
    else
      view_.note(cat("nothing of ", fork().name, " is pushed: it differs as is forbidden"));
  }
  workspace::Workspace& workspace() { return trial_; }
  std::map<std::string, std::string>& unwritten() { return unwritten_; }

 private:
  const workspace::Fork& fork() const { return candidate_.fork(); }

  /// The series at the new commit; false where a person has to look.
  bool carry() {
    const auto& state = *candidate_.answer.state;
    auto& series = candidate_.series;
    series.pin = NewPin{state.newest.commit, state.newest.version};
    for (const auto& carried : state.patches) {
      const auto& patch = fork().patches.at(carried.patch);
      if (carried.fate == source::Fate::conflict)
        return false;
      if (carried.fate == source::Fate::applies)
        series.entries.push_back({carried.patch, patch});
      else if (carried.fate == source::Fate::merged)
        series.entries.push_back(
            {carried.patch, refreshed(session_, fork(), patch, carried.text, series)});
    }
    auto& moved = trial_.forks.at(fork().name);
    moved.commit = state.newest.commit;
    if (!state.newest.version.empty())
      moved.version = state.newest.version;
    moved.patches.clear();
    for (const auto& entry : series.entries)
      moved.patches.push_back(entry.patch);
    for (const auto& [path, text] : series.files)
      unwritten_[path] = text;
    return true;
  }

  plan::Plan plan_of(const workspace::Workspace& workspace, const std::vector<std::string>& names) {
    return build::make_plan(workspace, session_.lock(), names, {}, unwritten_);
  }

  build::Context context_of(const workspace::Workspace& workspace) {
    auto context = session_.build_context(view_).with(workspace, view_);
    context.unwritten = unwritten_;
    context.upstream_pins = true;
    return context;
  }

  void build() {
    const auto reached = plan::affected(trial_, session_.lock(), "fork:" + fork().name);
    std::set<std::string> names;
    for (const auto* entries : {&reached.components, &reached.images})
      for (const auto& entry : *entries)
        names.insert(entry.recipe->name);
    candidate_.recipes.assign(names.begin(), names.end());
    if (candidate_.recipes.empty())
      return;
    after_ = plan_of(trial_, candidate_.recipes);
    build::run(context_of(trial_), after_);
    before_ = plan_of(base_, candidate_.recipes);
    plan::examine(before_, build::knowledge(context_of(base_)));
    compare_licences();
  }

  /// Of the sources, which say more about licences than images do.
  void compare_licences() {
    const auto files = [&](const plan::Plan& plan) {
      std::map<std::string, Sha256> found;
      for (const auto& node : plan.nodes) {
        if (node.kind != plan::ActionKind::source || node.fork->name != fork().name || !node.record)
          continue;
        const auto tree = TreeDigest::parse(string_at(node.record->value, "tree", "source"));
        const auto manifest = session_.store().manifest(tree.value());
        for (const auto& entry : manifest.entries())
          if (entry.type == store::TreeEntryType::file && image::is_licence(entry.path.str()))
            found[entry.path.str()] = entry.content;
      }
      return found;
    };
    const auto now = files(after_), was = files(before_);
    if (was.empty())
      return;
    for (const auto& [path, digest] : now)
      if (const auto old = was.find(path); old == was.end() || old->second != digest)
        candidate_.licences.push_back(path);
    for (const auto& [path, digest] : was)
      if (!now.contains(path))
        candidate_.licences.push_back(path);
  }

  void compare_all() {
    for (std::size_t i = 0; i < after_.targets.size(); ++i)
      if (after_.targets[i].image)
        candidate_.images.push_back(compared(after_.targets[i], before_.targets.at(i)));
  }

  CandidateImage compared(const plan::Plan::Target& now, const plan::Plan::Target& was) {
    CandidateImage image;
    image.recipe = now.recipe->name;
    image.after = build::built_image(after_, now);
    const auto store = build::store_repository(session_.store());
    image.size_after = size_of(*store, image.after);
    auto before_in = build::store_repository(session_.store());
    if (before_.nodes[was.image.value()].record) {
      image.before = build::built_image(before_, was);
    } else if (auto published = published_image(image.recipe)) {
      image.before = published->manifest;
      before_in = std::move(published->repository);
    }
    if (!image.before)
      return image;
    image.size_before = size_of(*before_in, *image.before);
    if (image.before->digest != image.after.digest)
      image.comparison = image::compare(*before_in,
                                        *image.before,
                                        *store,
                                        image.after,
                                        image::Depth::libraries,
                                        session_.cancel(),
                                        {.store = &session_.store(), .threads = session_.jobs()});
    return image;
  }

  /// What the registry has under the recipe's tag; its not being there is no failure.
  std::optional<ResolvedImage> published_image(const std::string& recipe) {
    try {
      return resolve_image(session_, recipe);
    } catch (const Error& error) {
      if (error.kind() == Kind::interrupted)
        throw;
      view_.note(cat("nothing to compare ", recipe, " with: ", error.message()));
      return std::nullopt;
    }
  }

  void forbid() {
    const auto is = [&](const char* what) {
      return std::find(options_.forbid.begin(), options_.forbid.end(), what) !=
             options_.forbid.end();
    };
    auto& out = candidate_.forbidden;
    if (is("licences"))
      for (const auto& path : candidate_.licences)
        out.push_back(cat("licence ", path, " of the source differs"));
    for (const auto& image : candidate_.images) {
      const auto& compared = image.comparison;
      if (is("removed-files"))
        for (const auto& file : compared.files)
          if (file.kind == image::Difference::Kind::removed)
            out.push_back(cat(image.recipe, ": /", file.path, " is removed"));
      if (is("removed-libraries"))
        for (const auto& library : compared.libraries_removed)
          out.push_back(cat(image.recipe, ": library ", library, " is removed"));
      if (is("removed-symbols"))
        for (const auto& library : compared.libraries)
          if (!library.symbols_removed.empty())
            out.push_back(cat(image.recipe,
                              ": ",
                              library.library,
                              " loses ",
                              library.symbols_removed.size(),
                              " symbols"));
      if (is("licences"))
        for (const auto& path : compared.licences)
          out.push_back(cat(image.recipe, ": licence /", path, " differs"));
    }
  }

  void push(CandidateImage& image) {
    const auto& pin = candidate_.series.pin.value();
    const auto version = pin.version.empty() ? pin.commit.substr(0, 12) : pin.version;
    auto to = session_.reference(cat(options_.push, "/", image.recipe));
    to.tag = cat("candidate-", plan::version_tag(version));
    build::PublishOptions options;
    options.tags = {to.tag};
    with_context(cat("pushing ", to.str()), [&] {
      const auto repository = session_.repository(to, true);
      build::publish(session_.store(), image.after, *repository, options, session_.cancel());
    });
    image.pushed = to.str();
    view_.note(cat("pushed ", image.pushed));
  }

  Session& session_;
  const CandidateOptions& options_;
  const workspace::Workspace& base_;
  workspace::Workspace trial_;
  std::map<std::string, std::string> unwritten_;
  Candidate& candidate_;
  ProgressView view_;
  plan::Plan before_, after_;
};

bool has_news(const UpstreamAnswer& answer, const CandidateOptions& options) {
  const auto& state = *answer.state;
  if (state.newest.commit == answer.fork->commit)
    return false;
  return !options.at.empty() || state.has_news();
}

}  // namespace

std::string_view name(Candidate::Outcome outcome) {
  switch (outcome) {
    case Outcome::nothing:
      return "nothing";
    case Outcome::good:
      return "good";
    case Outcome::conflict:
      return "conflict";
    case Outcome::forbidden:
      return "forbidden";
    case Outcome::failed:
      break;
  }
  return "failed";
}

int Candidate::status() const {
  if (error)
    return exit_status(error->kind());
  const bool refused = outcome == Outcome::conflict || outcome == Outcome::forbidden;
  return refused ? exit_status(Kind::refused) : 0;
}

Candidate try_candidate(Session& session,
                        UpstreamAnswer answer,
                        const CandidateOptions& options,
                        workspace::Workspace& base,
                        std::map<std::string, std::string>& unwritten) {
  Candidate candidate;
  candidate.answer = std::move(answer);
  if (candidate.answer.error) {
    candidate.outcome = Outcome::failed;
    candidate.error = candidate.answer.error;
    return candidate;
  }
  if (!has_news(candidate.answer, options))
    return candidate;
  try {
    Trial trial(session, options, base, unwritten, candidate);
    with_context(cat("trying ", candidate.fork().name, " at ", candidate.answer.state->newest.name),
                 [&] { trial.run(); });
    if (candidate.outcome == Outcome::good) {
      if (options.write)
        with_context(cat("writing fork '", candidate.fork().name, "'"),
                     [&] { refuse_unwritable(session, candidate); });
      base = std::move(trial.workspace());
      unwritten = std::move(trial.unwritten());
    }
  } catch (const Error& error) {
    if (error.kind() == Kind::interrupted)
      throw;
    candidate.outcome = Outcome::failed;
    candidate.error = error;
  }
  return candidate;
}

}  // namespace cullet::cli
