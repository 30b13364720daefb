// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace cullet {

/// Runs work(0) … work(count - 1) on up to `threads` threads, the caller's among them, in any
/// order. After one has thrown nothing more begins; what runs is waited for, and what was thrown
/// first comes out. Where the machine has no more threads, fewer do the work.
template <class Work>
void in_parallel(std::size_t count, unsigned threads, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto run = [&] {
    for (std::size_t index = next++; index < count; index = next++) {
      try {
        work(index);
      } catch (...) {
        const std::lock_guard guard(mutex);
        if (!failure)
          failure = std::current_exception();
        next = count;
      }
    }
  };
  {
    std::vector<std::jthread> others;
    try {
      while (others.size() + 1 < std::min<std::size_t>(threads, count))
        others.emplace_back(run);
    } catch (const std::system_error&) {
      // As many as there are.
    }
    run();
  }
  if (failure)
    std::rethrow_exception(failure);
}

}  // namespace cullet
