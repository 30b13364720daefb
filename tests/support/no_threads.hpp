// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <catch2/catch.hpp>
#include <pthread.h>

namespace cullet {

/// While it lives, this process can start no thread: each would take more stack than there are
/// addresses.
class NoThreads {
 public:
  NoThreads() {
    REQUIRE(::pthread_getattr_default_np(&before_) == 0);
    pthread_attr_t vast = before_;
    REQUIRE(::pthread_attr_setstacksize(&vast, std::size_t{1} << 48U) == 0);
    REQUIRE(::pthread_setattr_default_np(&vast) == 0);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;
  NoThreads(NoThreads&&) = delete;
  NoThreads& operator=(NoThreads&&) = delete;
  ~NoThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_{};
};

}  // namespace cullet
