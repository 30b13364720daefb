// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace cullet::store {

/// Runs `work` for each submitted task on some threads, with a bounded queue. After a failure the
/// tasks still queued are dropped. `work` is called from several threads at once; what it writes
/// is visible to the caller after finish().
template <class Task>
class WorkPool {
 public:
  WorkPool(unsigned threads, std::size_t queue, std::function<void(Task&)> work)
      : queue_(queue), work_(std::move(work)) {
    try {
      for (unsigned i = 0; i < std::max(threads, 1U); ++i)
        threads_.emplace_back([this] { run(); });
    } catch (const std::system_error&) {
      // Out of threads: fewer do, and with none submit() works itself.
    }
  }
  ~WorkPool() {
    {
      const std::lock_guard guard(mutex_);
      tasks_.clear();
    }
    join();
  }
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;
  WorkPool(WorkPool&&) = delete;
  WorkPool& operator=(WorkPool&&) = delete;

  /// Blocks while the queue is full. False after a failure: the caller may as well stop.
  bool submit(Task task) {
    if (threads_.empty()) {
      work_(task);
      return true;
    }
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return tasks_.size() < queue_ || failure_; });
    if (failure_)
      return false;
    tasks_.emplace_back(submitted_++, std::move(task));
    lock.unlock();
    ready_.notify_one();
    return true;
  }

  /// Waits for all tasks. Of several failures, rethrows that of the task submitted first, which
  /// depends less on timing. To be called once.
  void finish() {
    join();
    if (failure_)
      std::rethrow_exception(failure_);
  }

 private:
  void join() {
    {
      const std::lock_guard guard(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
    for (auto& thread : threads_)
      thread.join();
    threads_.clear();
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ready_.wait(lock, [this] { return closed_ || !tasks_.empty(); });
      if (tasks_.empty())
        return;
      auto [number, task] = std::move(tasks_.front());
      tasks_.pop_front();
      const bool needed = !failure_ || number < failed_;
      lock.unlock();
      room_.notify_one();
      std::exception_ptr failure;
      try {
        if (needed)
          work_(task);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure && (!failure_ || number < failed_)) {
        failure_ = failure;
        failed_ = number;
        room_.notify_all();
      }
    }
  }

  const std::size_t queue_;
  const std::function<void(Task&)> work_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable room_;
  std::deque<std::pair<std::size_t, Task>> tasks_;
  std::size_t submitted_ = 0;
  bool closed_ = false;
  std::exception_ptr failure_;
  std::size_t failed_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace cullet::store
