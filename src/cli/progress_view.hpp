// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <iosfwd>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "cullet/build/build.hpp"
#include "cullet/cli/cli.hpp"

namespace cullet::cli {

/// Shows a build on standard error: on a terminal a few lines that redraw (what runs, how long, how
/// much is left), elsewhere a plain line per event. Thread-safe.
class ProgressView final : public build::Observer {
 public:
  explicit ProgressView(const Environment& environment);
  /// Ends the redrawing and leaves the terminal clean.
  ~ProgressView() override;
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;
  ProgressView(ProgressView&&) = delete;
  ProgressView& operator=(ProgressView&&) = delete;

  void begin(std::size_t actions) override;
  void started(const plan::Node& node) override;
  void step(const plan::Node& node, const std::string& text) override;
  void progress(const plan::Node& node, const std::string& text) override;
  void finished(const plan::Node& node, Outcome outcome) override;
  void note(const std::string& text) override;
  /// A transfer that is no action, shown like one: "pushing nginx", 12.0 of 80.1 MiB.
  void transfer(const std::string& title, std::uint64_t done, std::uint64_t total);
  /// A place for what has no size: "fetching zlib: 3.2 MiB" is shown there as the progress of
  /// "fetching zlib", until it is told otherwise or the last copy is gone. It needs the view.
  std::function<void(const std::string&)> status();

 private:
  using Clock = std::chrono::steady_clock;
  struct Running {
    Clock::time_point since;
    std::string text;
  };
  class Status;
  void line(const std::string& text);
  void erase();
  void draw();
  void tick();

  std::ostream& err_;
  const bool redraw_;
  const unsigned columns_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::size_t actions_ = 0, finished_ = 0, cached_ = 0;
  std::size_t drawn_ = 0;  ///< lines on the terminal now
  std::map<std::string, Running> running_;
  std::thread ticker_;
};

}  // namespace cullet::cli
