// SPDX-License-Identifier: Apache-2.0
#include "progress_view.hpp"

#include <algorithm>
#include <memory>
#include <ostream>
#include <system_error>
#include <utility>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::cli {

namespace {

constexpr std::size_t kMostLines = 6;
constexpr std::chrono::milliseconds kRedraw{200};

double seconds_since(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

}  // namespace

ProgressView::ProgressView(const Environment& environment)
    : err_(environment.err),
      redraw_(environment.err_is_terminal && environment.get("TERM") != "dumb"),
      columns_(std::max(20U, environment.terminal_columns)) {
  try {
    if (redraw_)
      ticker_ = std::thread([this] { tick(); });
  } catch (const std::system_error&) {
    // No more threads: it is drawn anew with each line.
  }
}

ProgressView::~ProgressView() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    erase();
    err_ << std::flush;
  }
  stop_.notify_all();
  if (ticker_.joinable())
    ticker_.join();
}

void ProgressView::begin(std::size_t actions) {
  const std::lock_guard lock(mutex_);
  actions_ = actions;
}

void ProgressView::started(const plan::Node& node) {
  const std::lock_guard lock(mutex_);
  running_[node.title()] = {Clock::now(), ""};
  if (!redraw_)
    line(node.title());
}

void ProgressView::step(const plan::Node& node, const std::string& text) {
  const std::lock_guard lock(mutex_);
  running_[node.title()].text = text;
  if (!redraw_)
    line(cat("  ", node.title(), ": ", text));
}

void ProgressView::progress(const plan::Node& node, const std::string& text) {
  const std::lock_guard lock(mutex_);
  running_[node.title()].text = text;
}

class ProgressView::Status {
 public:
  explicit Status(ProgressView& view) : view_(view) {}
  Status(const Status&) = delete;
  Status& operator=(const Status&) = delete;
  Status(Status&&) = delete;
  Status& operator=(Status&&) = delete;
  ~Status() {
    const std::lock_guard lock(view_.mutex_);
    view_.running_.erase(title_);
  }

  void show(const std::string& text) {
    const std::lock_guard lock(view_.mutex_);
    auto title = text.substr(0, text.find(": "));
    if (title != title_) {
      view_.running_.erase(title_);
      title_ = std::move(title);
      if (!view_.redraw_)
        view_.line(title_);
    }
    const auto [at, added] = view_.running_.try_emplace(title_, Running{Clock::now(), ""});
    at->second.text = title_.size() == text.size() ? "" : text.substr(title_.size() + 2);
  }

 private:
  ProgressView& view_;
  std::string title_;
};

std::function<void(const std::string&)> ProgressView::status() {
  return
      [status = std::make_shared<Status>(*this)](const std::string& text) { status->show(text); };
}

void ProgressView::finished(const plan::Node& node, Outcome outcome) {
  const std::lock_guard lock(mutex_);
  ++finished_;
  if (outcome == Outcome::cached) {
    ++cached_;
    return;
  }
  const auto found = running_.find(node.title());
  const auto time = found == running_.end() ? 0.0 : seconds_since(found->second.since);
  if (found != running_.end())
    running_.erase(found);
  line(cat(outcome == Outcome::done ? "done " : "FAILED ",
           node.title(),
           " (",
           human_seconds(time),
           ")"));
}

void ProgressView::note(const std::string& text) {
  const std::lock_guard lock(mutex_);
  line(text);
}

void ProgressView::transfer(const std::string& title, std::uint64_t done, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  if (done >= total) {
    running_.erase(title);
    return;
  }
  const auto [at, added] = running_.try_emplace(title, Running{Clock::now(), ""});
  at->second.text = cat(human_size(done), " of ", human_size(total));
}

void ProgressView::line(const std::string& text) {
  erase();
  err_ << printable(text) << '\n';
  draw();
  err_ << std::flush;
}

void ProgressView::erase() {
  for (; drawn_ > 0; --drawn_)
    err_ << "\x1b[1A\x1b[2K";
}

void ProgressView::draw() {
  if (!redraw_ || stopping_ || running_.empty())
    return;
  std::vector<std::string> lines;
  if (actions_ > 0)
    lines.push_back(cat(finished_, " of ", actions_, " done, ", cached_, " cached"));
  for (const auto& [title, running] : running_) {
    if (lines.size() == kMostLines) {
      lines.push_back(cat("  and more (", running_.size(), " in all)"));
      break;
    }
    lines.push_back(printable(cat("  ",
                                  title,
                                  " ",
                                  human_seconds(seconds_since(running.since)),
                                  running.text.empty() ? "" : "  ",
                                  running.text)));
  }
  for (auto& text : lines)
    err_ << text.substr(0, columns_ - 1) << '\n';
  drawn_ = lines.size();
}

void ProgressView::tick() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kRedraw, [this] { return stopping_; })) {
    erase();
    draw();
    err_ << std::flush;
  }
}

}  // namespace cullet::cli
