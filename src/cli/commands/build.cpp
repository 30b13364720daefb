// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/build/image_parts.hpp"
#include "cullet/plan/affected.hpp"

#include "../command.hpp"
#include "../edits.hpp"
#include "../expiry.hpp"
#include "../place_tags.hpp"
#include "../progress_view.hpp"
#include "../publishing.hpp"
#include "../second_build.hpp"

namespace cullet::cli {

namespace {

struct BuildOptions {
  std::vector<std::string> recipes;
  std::string affected_by;
  std::vector<std::string> allow;
  bool with_edits = false;
  bool strict = false;
  bool no_publish = false;
  bool check = false;
  bool other_machine = false;  ///< of the second build of --check
  PublishRequest publish;
};

/// What was there before the build ran: a component whose key had a result is "cached".
Json component_record(const plan::Node& node, bool cached) {
  const auto& value = node.record.value().value;
  const double seconds = cached ? 0.0 : value.at("milliseconds").get<double>() / 1000.0;
  return {{"recipe", node.subject},
          {"key", node.key.value().str()},
          {"tree", value.at("tree")},
          {"cached", cached},
          {"seconds", seconds}};
}

/// The components below one target, in the order they were planned.
Json components_of(const plan::Plan& plan, std::size_t root, const std::vector<bool>& cached) {
  std::vector<bool> reached(plan.nodes.size(), false);
  reached[root] = true;
  for (std::size_t index = root + 1; index-- > 0;)
    if (reached[index])
      for (const auto& dependency : plan.nodes[index].dependencies)
        reached[dependency.node] = true;
  Json out = Json::array();
  for (std::size_t index = 0; index < plan.nodes.size(); ++index)
    if (reached[index] && plan.nodes[index].kind == plan::ActionKind::component)
      out.push_back(component_record(plan.nodes[index], cached[index]));
  return out;
}

/// Notes which nodes the store had, and passes everything on.
class CacheObserver final : public build::Observer {
 public:
  CacheObserver(const plan::Plan& plan, ProgressView& view)
      : plan_(plan), view_(view), cached_(plan.nodes.size(), false) {}
  /// Called before anything is made, and never where the store has it all; what it throws ends the
  /// build.
  std::function<void()> before_first;
  void begin(std::size_t actions) override { view_.begin(actions); }
  void started(const plan::Node& node) override {
    if (before_first)
      before_first();
    before_first = nullptr;
    view_.started(node);
  }
  void step(const plan::Node& node, const std::string& text) override { view_.step(node, text); }
  void progress(const plan::Node& node, const std::string& text) override {
    view_.progress(node, text);
  }
  void finished(const plan::Node& node, Outcome outcome) override {
    cached_[static_cast<std::size_t>(&node - plan_.nodes.data())] = outcome == Outcome::cached;
    view_.finished(node, outcome);
  }
  void note(const std::string& text) override { view_.note(text); }
  [[nodiscard]] const std::vector<bool>& cached() const { return cached_; }

 private:
  const plan::Plan& plan_;
  ProgressView& view_;
  std::vector<bool> cached_;
};

/// What the command line says may change, and the images that it is about.
void plan_affected(Session& session, BuildOptions& options) {
  for (const auto& pattern : options.allow)
    options.publish.allowed.emplace_back(pattern);
  if (options.affected_by.empty()) {
    if (!options.allow.empty() && options.publish.push.empty() &&
        is_scratch(session, session.home("any")))
      throw Error(Kind::usage, "--allow goes with --affected-by or --push");
    return;
  }
  if (!options.recipes.empty())
    throw Error(Kind::usage, "--affected-by finds the recipes itself: name none");
  build::ChangeScope scope;
  scope.because = plan::affected(session.workspace(), session.lock(), options.affected_by);
  scope.allowed = options.publish.allowed;
  for (const auto& entry : scope.because.images)
    options.recipes.push_back(entry.recipe->name);
  if (options.recipes.empty())
    throw Error(Kind::input, cat("no image holds anything of '", options.affected_by, "'"))
        .hint(cat("`cullet affected ", options.affected_by, "` shows what it reaches"));
  options.publish.scope = std::move(scope);
}

std::string short_digest(const std::string& digest) {
  constexpr std::size_t kShown = std::string_view("sha256:").size() + 12;
  return digest.empty() ? "none" : digest.substr(0, kShown);
}

void add_change(const build::ImageChange& change, std::vector<std::string>& lines) {
  if (change.before.empty())
    lines.emplace_back("  the first image: there is none to compare it with");
  else if (change.before == change.after)
    lines.emplace_back("  the same as before");
  for (const auto& layer : change.layers)
    lines.push_back(cat("  layer ",
                        printable(layer.content),
                        ": ",
                        short_digest(layer.before),
                        " → ",
                        short_digest(layer.after)));
  for (const auto& file : change.files)
    lines.push_back(cat("  ",
                        file.change,
                        "  ",
                        printable(file.path),
                        file.what.empty() ? "" : ": " + file.what,
                        file.allowed ? " (allowed)" : ""));
}

/// The change at home, and of the places that the image is pushed to those where it is another.
void add_lines(const PublishedImage& image, std::vector<std::string>& lines) {
  const build::ImageChange* shown = nullptr;
  for (const auto& place : image.places) {
    const bool home = &place == &image.places.front();
    const bool news = place.change && (shown == nullptr || shown->before != place.change->before);
    if (home || news)
      lines.push_back(cat(place.reference.str(), "@", image.manifest.digest));
    if (!news)
      continue;
    add_change(*place.change, lines);
    shown = &*place.change;
  }
}

/// Whether --push names a prefix, and each image goes below it by its own name.
bool names_prefixes(const plan::Plan& plan, const PublishRequest& request) {
  std::size_t images = 0;
  for (const auto& target : plan.targets)
    images += target.image ? 1 : 0;
  return request.scope || images > 1;
}

/// Every image of a plan is judged before the first is published.
std::vector<PublishedImage> publish(Publisher& publisher, const plan::Plan& plan) {
  for (const auto& target : plan.targets)
    if (target.image)
      publisher.prepare(target);
  return publisher.publish();
}

/// Says what was built, and where it went.
void report(Session& session,
            const plan::Plan& plan,
            const std::vector<bool>& cached,
            const std::vector<PublishedImage>& images,
            const std::optional<SecondBuild>& again,
            Json warnings) {
  auto image = images.begin();
  Json records = Json::array();
  std::vector<std::string> lines;
  for (const auto& target : plan.targets) {
    Json record{{"recipe", target.recipe->name}};
    const auto root = target.image ? *target.image : target.component.value();
    record["components"] = components_of(plan, root, cached);
    if (!target.image) {
      const auto& tree = plan.nodes[root].record.value().value.at("tree");
      lines.push_back(cat(target.recipe->name, " ", tree.get<std::string>()));
    } else if (images.empty()) {
      const auto manifest = build::built_image(plan, target);
      record["image"] = {{"digest", manifest.digest.str()}, {"manifest", manifest.to_json()}};
      lines.push_back(cat(target.recipe->name, " ", manifest.digest));
    } else {
      record["image"] = image->to_json();
      add_lines(*image++, lines);
    }
    if (again) {
      record["check"] = {{"same", true}, {"varied", again->varied}};
      lines.push_back(cat("  built again as another machine would: the same (",
                          again->varied.size(),
                          " things varied)"));
    }
    records.push_back(std::move(record));
  }
  if (session.options().json) {
    auto record = records.size() == 1 ? records[0] : Json{{"builds", records}};
    record["warnings"] = std::move(warnings);
    session.print(record);
  } else {
    for (const auto& line : lines)
      session.environment().out << line << '\n';
  }
}

/// Throws unless a second build gives the same; with --json the record of it is printed first.
SecondBuild checked_again(Session& session,
                          const build::Context& context,
                          const plan::Plan& plan,
                          ProgressView& view) {
  auto again = build_again(session, context, plan, view);
  if (!again.same() && session.options().json)
    session.print({{"check", again.to_json()}});
  again.demand_same();
  return again;
}

using Given = std::pair<bool, std::string_view>;

/// An option that is about something that another leaves out would be dropped in silence.
void refuse_idle(const Given& one, std::string_view what, std::initializer_list<Given> about) {
  for (const auto& [given, name] : about)
    if (one.first && given)
      throw Error(Kind::usage, cat(one.second, ": ", name, " is about what is ", what))
          .hint(cat("leave out ", name, " or ", one.second));
}

void refuse_contradictions(const BuildOptions& options) {
  const auto& publish = options.publish;
  if (options.with_edits && !publish.push.empty() && !publish.no_sign)
    throw Error(Kind::usage, "--push --with-edits: an image with edits is never signed")
        .hint("say so: --no-sign");
  if (options.with_edits && options.check)
    throw Error(Kind::usage, "--check --with-edits: edits are not among a recipe's inputs")
        .hint("`cullet patch save` them first");
  if (options.no_publish && (!publish.push.empty() || !options.affected_by.empty()))
    throw Error(Kind::usage, "--no-publish: the image is to go nowhere, and yet somewhere")
        .hint("leave out --push, --affected-by or --no-publish");
  const Given inputs{publish.keep_inputs, "--keep-inputs"}, force{publish.force, "--force"};
  const Given cyclonedx{publish.cyclonedx, "--cyclonedx"};
  const Given author{!publish.author.empty(), "--author"};
  refuse_idle(
      {options.no_publish, "--no-publish"}, "published", {inputs, cyclonedx, force, author});
  refuse_idle({publish.no_sign, "--no-sign"}, "attested, and so signed", {cyclonedx, author});
  refuse_idle({publish.no_attest, "--no-attest"}, "attested", {cyclonedx, author});
  refuse_idle({options.with_edits, "--with-edits"}, "saved", {inputs, cyclonedx, author});
}

int build(Session& session, BuildOptions options) {
  const auto& workspace = session.workspace();
  refuse_contradictions(options);
  plan_affected(session, options);
  auto plan = build::make_plan(workspace, session.lock(), options.recipes);
  options.publish.keep_inputs = options.publish.keep_inputs || workspace.config.keep_inputs;
  options.publish.started = session.environment().now();
  const auto expired = expired_patches(plan, today(session));
  warn_expired(session, expired, options.strict);
  ProgressView view(session.environment());
  if (options.with_edits)
    plan = build::make_plan(
        workspace, session.lock(), options.recipes, capture_edits(session, plan, view));
  CacheObserver observer(plan, view);
  auto context = session.build_context(observer);
  context.other_machine = options.other_machine;
  std::optional<Publisher> publisher;
  if (!options.no_publish) {
    options.publish.prefixes = names_prefixes(plan, options.publish);
    publisher.emplace(session, context, plan, view, std::move(options.publish));
    observer.before_first = [&] { publisher->look_ahead(); };
  }
  build::run(context, plan);

  std::optional<SecondBuild> again;
  if (options.check)
    again = checked_again(session, context, plan, view);
  std::vector<PublishedImage> images;
  if (publisher)
    images = publish(*publisher, plan);
  report(session, plan, observer.cached(), images, again, to_json(expired));
  return 0;
}

}  // namespace

void register_build(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<BuildOptions>();
  auto* command = add_command(app,
                              "build",
                              "build recipes; images are tested, signed and pushed",
                              "cullet build nginx --push registry.example.com/prod/nginx:1.22.1");
  command->add_option("recipe", options->recipes, "recipes to build [all of the workspace]");
  auto& publish = options->publish;
  // Without "extra" arguments: each --push has one place, and CLI11 takes no "[ab]" for a list.
  command
      ->add_option("--push",
                   publish.push,
                   "copy the image to this reference as well; several images, or those of "
                   "--affected-by, each to REF/NAME")
      ->type_name("REF")
      ->allow_extra_args(false);
  command->add_flag("--no-sign", publish.no_sign, "leave the image unsigned, and unattested");
  command->add_flag(
      "--no-attest", publish.no_attest, "attach neither provenance nor an SBOM nor VEX");
  command->add_flag(
      "--cyclonedx", publish.cyclonedx, "attach a CycloneDX SBOM beside the SPDX one");
  command->add_flag("--keep-inputs",
                    publish.keep_inputs,
                    "store all that a rebuild needs beside the image: source, patches, packages, "
                    "recipes, lock");
  command->add_flag("--force",
                    publish.force,
                    "move tags that say a version to other images; ask for every blob, as a "
                    "registry may lose one");
  command
      ->add_option("--affected-by",
                   options->affected_by,
                   "rebuild the images that hold something of a fork, an advisory's fix or a "
                   "package, and refuse (3) what changes besides")
      ->type_name("NAME");
  command
      ->add_option("--allow",
                   options->allow,
                   "a path that may change besides, as etc/nginx/*.conf; with --push for an image "
                   "whose patch is new, too")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command->add_option("--author", publish.author, "who says in VEX that a patch fixes an advisory")
      ->type_name("TEXT");
  command->add_flag("--with-edits",
                    options->with_edits,
                    "build what stands in the checkouts of `patch edit`: tagged …-edits, unsigned");
  command->add_flag(
      "--check",
      options->check,
      "build twice, the second time from nothing as another machine would; refuse (3) "
      "to sign and push what differs");
  command->add_flag(
      "--no-publish", options->no_publish, "build and test; the image stays in the store");
  command
      ->add_flag("--other-machine",
                 options->other_machine,
                 "steps see another clock, and directories in another order")
      ->group("");
  command->add_flag("--strict", options->strict, "refuse to build with a patch that has expired");
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return build(session, *options); };
  });
}

}  // namespace cullet::cli
