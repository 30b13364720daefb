// SPDX-License-Identifier: Apache-2.0
#include "cullet/base/parallel.hpp"

#include <set>
#include <stdexcept>

#include <catch2/catch.hpp>

#include "support/no_threads.hpp"

using namespace cullet;

TEST_CASE("in_parallel: each index once, however many threads") {
  const unsigned threads = GENERATE(0U, 1U, 3U, 100U);
  std::mutex mutex;
  std::multiset<std::size_t> seen;
  in_parallel(50, threads, [&](std::size_t index) {
    const std::lock_guard lock(mutex);
    seen.insert(index);
  });
  CHECK(seen.size() == 50);
  CHECK(std::set(seen.begin(), seen.end()).size() == 50);
}

TEST_CASE("in_parallel: nothing to do is done") {
  in_parallel(0, 4, [](std::size_t) { FAIL(); });
}

TEST_CASE("in_parallel: a failure comes out, and nothing begins after it") {
  std::atomic<std::size_t> begun = 0;
  const auto work = [&](std::size_t index) {
    ++begun;
    if (index == 3)
      throw std::runtime_error("the fourth");
  };
  CHECK_THROWS_WITH(in_parallel(1000, 1, work), "the fourth");
  CHECK(begun == 4);
  CHECK_THROWS_WITH(in_parallel(1000, 4, work), "the fourth");
}

TEST_CASE("in_parallel: where no thread can be had, the caller does it all") {
  const NoThreads none;
  CHECK_THROWS_AS(std::thread([] {}), std::system_error);
  std::size_t done = 0;
  in_parallel(50, 4, [&](std::size_t) { ++done; });
  CHECK(done == 50);
}
