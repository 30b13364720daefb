// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cullet/base/cancel.hpp"
#include "cullet/environment/lock.hpp"
#include "cullet/http/client.hpp"
#include "cullet/plan/plan.hpp"
#include "cullet/store/store.hpp"
#include "cullet/workspace/workspace.hpp"

namespace cullet::build {

class KeptInputs;

/// Told what a build does, as it happens. Calls come from any thread but never two at once. What
/// one throws ends the build as a failed action does.
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  Observer(Observer&&) = delete;
  Observer& operator=(Observer&&) = delete;
  virtual ~Observer() = default;

  /// How many actions the build has in all; before the first.
  virtual void begin(std::size_t /*actions*/) {}
  virtual void started(const plan::Node& /*node*/) {}
  /// What the action does next, worth a line of a log: "step 2 of 3: make".
  virtual void step(const plan::Node& /*node*/, const std::string& /*text*/) {}
  /// How far it is, gone with the next word: "12.0 of 80.1 MiB".
  virtual void progress(const plan::Node& /*node*/, const std::string& /*text*/) {}
  enum class Outcome { cached, done, failed };
  virtual void finished(const plan::Node& /*node*/, Outcome /*outcome*/) {}
  /// Something that is no action: "pushing …".
  virtual void note(const std::string& /*text*/) {}
};

/// What a build works with. All references outlive it.
struct Context {
  const workspace::Workspace& workspace;
  const environment::Lock& lock;
  store::Store& store;
  http::Client& http;
  const Cancel& cancel;
  Observer& observer;
  std::vector<std::string> mirrors;  ///< Debian mirrors
  std::map<std::string, std::string>
      environment;    ///< the caller's, for git's helpers and ssh-agent
  unsigned jobs = 1;  ///< actions at once, threads of each, and $JOBS of steps
  /// Of a candidate that is tried before it is written: patch files, as source::Context has them;
  /// and whether pins may be commits that only upstream has (source::ensure_candidate()).
  std::map<std::string, std::string> unwritten{};
  bool upstream_pins = false;
  KeptInputs* kept = nullptr;  ///< asked before upstream is (build/kept_inputs.hpp); may be null
  /// Steps find the entries of directories in another order than the file system's, and a clock
  /// that is ahead (checks don't: only what is installed counts): what depends on either comes out
  /// different (`build --check`).
  bool other_machine = false;

  /// All of it, with another workspace and observer.
  [[nodiscard]] Context with(const workspace::Workspace& other_workspace,
                             Observer& other_observer) const;
};

/// What the plan asks about the past, answered by the store.
plan::Knowledge knowledge(const Context& context);

/// plan::make() of a workspace, with its patch files as they are on disk or in `unwritten`.
plan::Plan make_plan(const workspace::Workspace& workspace,
                     const environment::Lock& lock,
                     const std::vector<std::string>& recipes,
                     const plan::Edits& edits = {},
                     const std::map<std::string, std::string>& unwritten = {});

/// Runs what the plan needs: independent actions in parallel, each key once however many processes
/// ask for it, nothing whose result the store holds. On return every node has its record. The first
/// failure lets running actions end, starts no more, and is thrown with "while making …";
/// cancellation kills what runs and throws Kind::interrupted. Whatever was finished stays in the
/// store.
void run(const Context& context, plan::Plan& plan);

}  // namespace cullet::build
