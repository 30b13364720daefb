// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <filesystem>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"
#include "cullet/sandbox/sandbox.hpp"

#include "actions.hpp"
#include "step_log.hpp"

namespace cullet::build {

namespace {

constexpr std::size_t kTailLines = 12;
constexpr std::string_view kTools = "/.cullet";

/// The file `path` in the topmost tree that has it, following no symlink.
std::optional<std::string> read_in(const std::vector<store::Tree>& trees, const char* path) {
  for (auto tree = trees.rbegin(); tree != trees.rend(); ++tree)
    if (const auto root = open_directory(tree->root);
        const auto file = open_beneath(root.get(), path, 0)) {
      FdSource source(file->get(), path);
      return read_all(source, 1U << 20U, path);
    }
  return std::nullopt;
}

/// The fields of a line of /etc/passwd or /etc/group, numbers read.
struct Account {
  std::uint32_t number = 0;
  std::vector<std::string> fields;
};

/// What /etc/passwd or /etc/group of the image says of `name`, which may be a number.
std::optional<Account> account_of(const std::string& name,
                                  const std::vector<store::Tree>& trees,
                                  const char* file) {
  const auto number = parse_number(name);
  const auto text = read_in(trees, file);
  for (const auto& line : split(text.value_or(""), '\n')) {
    auto fields = split(line, ':');
    const auto its_number = fields.size() > 2 ? parse_number(fields[2]) : std::nullopt;
    if (its_number && (number ? its_number == number : fields[0] == name))
      return Account{static_cast<std::uint32_t>(*its_number), std::move(fields)};
  }
  return number ? std::optional(Account{static_cast<std::uint32_t>(*number), {}}) : std::nullopt;
}

Account demand_account(const std::string& name,
                       const std::vector<store::Tree>& trees,
                       const char* file,
                       std::string_view what) {
  if (auto found = account_of(name, trees, file))
    return std::move(*found);
  throw Error(Kind::input, cat("the image's /", file, " has no ", what, " '", name, "'"));
}

struct User {
  std::uint32_t uid = 0, gid = 0;
  std::string home = "/";
};

/// `user` of the config ("101:101", "nginx", "nginx:adm", none for root) as containers have it: its
/// own group unless one is given, and the home that the image's /etc/passwd says.
User user_of(const std::string& text, const std::vector<store::Tree>& trees) {
  constexpr std::size_t kGroup = 3, kHome = 5;
  const auto parts = split(text.empty() ? "0" : text, ':');
  const auto account = demand_account(parts[0], trees, "etc/passwd", "user");
  User user{.uid = account.number};
  if (parts.size() > 1)
    user.gid = demand_account(parts[1], trees, "etc/group", "group").number;
  else if (account.fields.size() > kGroup)
    user.gid = static_cast<std::uint32_t>(parse_number(account.fields[kGroup]).value_or(0));
  if (account.fields.size() > kHome && !account.fields[kHome].empty())
    user.home = account.fields[kHome];
  return user;
}

sandbox::Spec test_room(const Context& context,
                        const plan::Plan& plan,
                        const plan::Node& node,
                        const std::filesystem::path& work) {
  const auto trees = trees_of(context, plan, node, "tree ");
  sandbox::Spec spec;
  sandbox::Mount root{"/", {}, work};
  for (auto tree = trees.rbegin(); tree != trees.rend(); ++tree)
    root.lower.push_back(tree->root);
  spec.mounts.push_back(std::move(root));
  const auto& config = node.recipe->image->config;
  spec.environment = environment_of(config);
  const auto user = user_of(config.user, trees);
  spec.uid = user.uid;
  spec.gid = user.gid;
  spec.environment.emplace("HOME", user.home);
  if (!config.working_dir.empty())
    spec.directory = config.working_dir;
  return spec;
}

/// Makes the room run one step. A script's shell is the image's own, or that of the step's tools:
/// static programs beside the image, so that the image's own find only what the image holds.
void set_command(const Context& context,
                 const plan::Plan& plan,
                 const plan::Node& node,
                 const workspace::TestStep& step,
                 sandbox::Spec& spec) {
  if (!step.exec.empty()) {
    spec.argv = step.exec;
    return;
  }
  std::string shell = "/bin/sh";
  if (!step.tools.empty()) {
    const auto tools = trees_of(context, plan, node, "tools " + step.tools).at(0);
    spec.mounts.push_back({std::string(kTools), {tools.root}, {}});
    shell = cat(kTools, "/usr/bin/sh");
    spec.environment["PATH"] += cat(":", kTools, "/usr/bin:", kTools, "/usr/sbin");
  }
  spec.argv = {shell, "-e", "-c", step.run};
}

}  // namespace

store::ActionRecord run_image_test(const Context& context,
                                   const plan::Plan& plan,
                                   const plan::Node& node) {
  check_contents(context, plan, node);
  const auto work = context.store.work_directory();
  const auto room = test_room(context, plan, node, work.root() / "root");
  make_directories(work.root() / "root");
  StepLog log(context.store.logs_directory(),
              cat(node.recipe->name, "-test-", node.key.value().hex().substr(0, 12)));
  const auto& steps = node.recipe->image->test;
  for (std::size_t index = 0; index < steps.size(); ++index) {
    const auto title = cat("test ", index + 1, " of ", steps.size());
    const auto first_line = printable(steps[index].title());
    context.observer.step(node, cat(title, ": ", first_line));
    log.say(cat("==> ", title, ": ", first_line));
    auto spec = room;
    set_command(context, plan, node, steps[index], spec);
    spec.output = log.fd();
    spec.limits.seconds = steps[index].timeout_seconds.value_or(300);
    const auto result = sandbox::run(spec, context.cancel);
    if (result.ok())
      continue;
    const bool killed = result.outcome == sandbox::Outcome::killed;
    Error error(
        killed ? Kind::machine : Kind::refused,
        cat(title, " of the image '", node.recipe->name, "' failed: ", result.str(spec.limits)));
    error.detail(cat(steps[index].at.str(), ": ", first_line));
    for (const auto& line : log.tail(kTailLines))
      error.detail("| " + line);
    if (!steps[index].run.empty() && steps[index].tools.empty())
      error.hint("`run` uses the image's own /bin/sh; give `tools: ENVIRONMENT` where it has none");
    if (result.status.signal == SIGKILL)
      error.hint(sandbox::kKilledHint);
    error.hint(cat("the whole output: ", log.path().string(), "; nothing was signed or tagged"));
    throw std::move(error);
  }
  return {.value = {{"passed", true}}, .trees = {}, .blobs = {}};
}

}  // namespace cullet::build
