// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/parallel.hpp"
#include "cullet/source/source.hpp"

#include "actions.hpp"

namespace cullet::build {

namespace {

/// Passes an observer's calls on one at a time.
class SerialObserver final : public Observer {
 public:
  explicit SerialObserver(Observer& inner) : inner_(inner) {}
  void begin(std::size_t actions) override {
    call([&] { inner_.begin(actions); });
  }
  void started(const plan::Node& node) override {
    call([&] { inner_.started(node); });
  }
  void step(const plan::Node& node, const std::string& text) override {
    call([&] { inner_.step(node, text); });
  }
  void progress(const plan::Node& node, const std::string& text) override {
    call([&] { inner_.progress(node, text); });
  }
  void finished(const plan::Node& node, Outcome outcome) override {
    call([&] { inner_.finished(node, outcome); });
  }
  void note(const std::string& text) override {
    call([&] { inner_.note(text); });
  }

 private:
  template <class F>
  void call(const F& f) {
    const std::lock_guard lock(mutex_);
    f();
  }
  std::mutex mutex_;
  Observer& inner_;
};

/// Runs the nodes of a plan in the order of their dependencies, on context.jobs threads.
class Scheduler {
 public:
  Scheduler(const Context& context, plan::Plan& plan)
      : observer_(context.observer),
        context_(context.with(context.workspace, observer_)),
        plan_(plan),
        knowledge_(knowledge(context_)),
        waiting_for_(plan.nodes.size()),
        dependents_(plan.nodes.size()) {
    for (std::size_t index = 0; index < plan.nodes.size(); ++index) {
      std::set<std::size_t> others;
      for (const auto& dependency : plan.nodes[index].dependencies)
        others.insert(dependency.node);
      waiting_for_[index] = others.size();
      for (const auto other : others)
        dependents_[other].push_back(index);
      if (others.empty())
        ready_.insert(index);
    }
  }

  void run() {
    context_.observer.begin(plan_.nodes.size());
    // Each works until all is done, so that one is enough where there are no more threads.
    const auto count = std::min<std::size_t>(std::max(1U, context_.jobs), plan_.nodes.size());
    in_parallel(count, context_.jobs, [this](std::size_t) { work(); });
    if (failure_)
      std::rethrow_exception(failure_);
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return failure_ || left_ == 0 || !ready_.empty(); });
      if (failure_ || left_ == 0)
        return;
      const auto index = *ready_.begin();
      ready_.erase(ready_.begin());
      lock.unlock();
      std::exception_ptr failure;
      try {
        make(index);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure) {
        // The first failure is the one to show, but an interruption explains all others.
        if (!failure_)
          failure_ = failure;
      } else {
        for (const auto dependent : dependents_[index])
          if (--waiting_for_[dependent] == 0)
            ready_.insert(dependent);
      }
      --left_;
      changed_.notify_all();
    }
  }

  void make(std::size_t index) {
    context_.cancel.check();
    auto& node = plan_.nodes[index];
    plan::examine(plan_, index, knowledge_);
    if (node.record) {
      remember(node);
      context_.observer.finished(node, Observer::Outcome::cached);
      return;
    }
    context_.observer.started(node);
    try {
      with_context(cat("making ", node.title()), [&] { make_once(node); });
    } catch (...) {
      context_.observer.finished(node, Observer::Outcome::failed);
      throw;
    }
    remember(node);
    context_.observer.finished(node, Observer::Outcome::done);
  }

  /// Another process or thread may be making the same: whoever comes second finds the record.
  void make_once(plan::Node& node) {
    const auto lock = context_.store.lock_action(*node.key, context_.cancel);
    node.record = context_.store.find_action(*node.key);
    if (node.record)
      return;
    auto record = run_action(context_, plan_, node);
    context_.store.record_action(*node.key, record);
    node.record = std::move(record);
  }

  void remember(const plan::Node& node) {
    const auto title = cat(node.title(), " in ", context_.workspace.root.string());
    const auto now = plan::inputs(plan_, node);
    if (now && context_.store.latest(title) != now)
      context_.store.set_latest(title, *now);
  }

  SerialObserver observer_;
  Context context_;
  plan::Plan& plan_;
  plan::Knowledge knowledge_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> waiting_for_;
  std::vector<std::vector<std::size_t>> dependents_;
  std::set<std::size_t> ready_;
  std::size_t left_ = plan_.nodes.size();
  std::exception_ptr failure_;
};

}  // namespace

plan::Knowledge knowledge(const Context& context) {
  const auto where = cat(" in ", context.workspace.root.string());
  return {.find = [&store = context.store](const Key& key) { return store.find_action(key); },
          .latest = [&store = context.store,
                     where](const std::string& title) { return store.latest(title + where); },
          .threads = context.jobs};
}

Context Context::with(const workspace::Workspace& other_workspace, Observer& other_observer) const {
  return {other_workspace,
          lock,
          store,
          http,
          cancel,
          other_observer,
          mirrors,
          environment,
          jobs,
          unwritten,
          upstream_pins,
          kept,
          other_machine};
}

plan::Plan make_plan(const workspace::Workspace& workspace,
                     const environment::Lock& lock,
                     const std::vector<std::string>& recipes,
                     const plan::Edits& edits,
                     const std::map<std::string, std::string>& unwritten) {
  const auto patch_digest = [&](const std::string& path) {
    const auto found = unwritten.find(path);
    return found != unwritten.end() ? sha256(found->second)
                                    : sha256(source::read_patch_file(workspace.root, path));
  };
  return plan::make(workspace, lock, recipes, patch_digest, edits);
}

void run(const Context& context, plan::Plan& plan) {
  Scheduler(context, plan).run();
}

}  // namespace cullet::build
