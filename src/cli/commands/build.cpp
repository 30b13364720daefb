// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "../command.hpp"
#include "../edits.hpp"
#include "../expiry.hpp"
#include "../progress_view.hpp"
#include "../publishing.hpp"

namespace cullet::cli {

namespace {

struct BuildOptions {
  std::vector<std::string> recipes;
  PublishingOptions publishing;
  bool with_edits = false;
  bool strict = false;
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
  void begin(std::size_t actions) override { view_.begin(actions); }
  void started(const plan::Node& node) override { view_.started(node); }
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

int build(Session& session, const BuildOptions& options) {
  const auto& workspace = session.workspace();
  if (options.with_edits && !options.publishing.push.empty() && !options.publishing.no_sign)
    throw Error(Kind::usage, "--push --with-edits: an image with edits is never signed")
        .hint("say so: --no-sign");
  const auto digest = [&](const std::string& path) {
    return build::patch_file_digest(workspace, path);
  };
  auto publishing = options.publishing;
  publishing.started = session.environment().now();
  auto plan = plan::make(workspace, session.lock(), options.recipes, digest);
  const auto expired = expired_patches(plan, today(session));
  warn_expired(session, expired, options.strict);
  ProgressView view(session.environment());
  plan::Edits edits;
  if (options.with_edits) {
    edits = capture_edits(session, plan, view);
    plan = plan::make(workspace, session.lock(), options.recipes, digest, edits);
  }
  CacheObserver observer(plan, view);
  const auto context = session.build_context(observer);
  build::run(context, plan);

  Json records = Json::array();
  std::vector<std::string> lines;
  for (const auto& target : plan.targets) {
    Json record{{"recipe", target.recipe->name}};
    const auto root = target.image ? *target.image : target.component.value();
    record["components"] = components_of(plan, root, observer.cached());
    if (target.image) {
      const auto published = publish_image(session, plan, target, publishing, view);
      record["image"] = published.to_json();
      lines.push_back(cat(published.reference, "@", published.manifest.digest));
    } else {
      const auto& tree = plan.nodes[root].record.value().value.at("tree");
      lines.push_back(cat(target.recipe->name, " ", tree.get<std::string>()));
    }
    records.push_back(std::move(record));
  }
  if (session.options().json) {
    auto record = records.size() == 1 ? records[0] : Json{{"builds", records}};
    record["warnings"] = to_json(expired);
    session.print(record);
  } else {
    for (const auto& line : lines)
      session.environment().out << line << '\n';
  }
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
  command
      ->add_option("--push", options->publishing.push, "copy the image to this reference as well")
      ->type_name("REF")
      ->expected(1);
  command->add_flag(
      "--no-sign", options->publishing.no_sign, "leave the image unsigned, and unattested");
  command->add_flag(
      "--no-attest", options->publishing.no_attest, "attach neither provenance nor an SBOM");
  command->add_flag(
      "--cyclonedx", options->publishing.cyclonedx, "attach a CycloneDX SBOM beside the SPDX one");
  command->add_flag("--with-edits",
                    options->with_edits,
                    "build what stands in the checkouts of `patch edit`: tagged …-edits, unsigned");
  command->add_flag("--strict", options->strict, "refuse to build with a patch that has expired");
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { return build(session, *options); };
  });
}

}  // namespace cullet::cli
