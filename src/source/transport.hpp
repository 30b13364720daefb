// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include <git2/sys/transport.h>
#if __has_include(<git2/sys/errors.h>)  // git_error_set_str() is there since libgit2 1.8
#include <git2/sys/errors.h>
#endif

#include "cullet/source/source.hpp"

#include "git.hpp"
#include "git_config.hpp"
#include "location.hpp"

namespace cullet::source {

/// One connection to a repository, shared by libgit2's callbacks, which can't throw: what they
/// would throw waits in `failure`. Everything in it outlives the connection.
struct Wire {
  const Context& context;
  const GitConfig& config;
  const Location& location;
  std::string label;           ///< for progress
  std::uint64_t reported = 0;  ///< bytes, in the last progress report
  std::uint64_t listed = 0;    ///< bytes of the list of references that came
  std::exception_ptr failure = nullptr;

  /// Runs `work` for a C callback: 0, or GIT_EUSER with the exception kept.
  template <class Work>
  int guarded(const Work& work) noexcept {
    try {
      work();
      return 0;
    } catch (...) {
      if (!failure)
        failure = std::current_exception();
      git_error_set_str(GIT_ERROR_CALLBACK, "stopped by cullet");
      return GIT_EUSER;
    }
  }
};

/// libgit2's transport callback: `payload` is a Wire to an http or ssh location. http goes through
/// the project's client, with its proxies, certificates, time limits and cancellation; ssh through
/// the ssh program, with the user's own configuration, agent and known hosts.
int open_transport(git_transport** out, git_remote* owner, void* payload);

int new_http_subtransport(git_smart_subtransport** out, git_transport* owner, void* wire);
int new_ssh_subtransport(git_smart_subtransport** out, git_transport* owner, void* wire);

/// Counts bytes of the list of references; throws Kind::machine when it has no end.
void count_listed(Wire& wire, std::size_t bytes);

/// Throws Kind::input where what a server says first is that its repository uses SHA-256.
void refuse_sha256(std::string_view advertisement, const Location& location);

}  // namespace cullet::source
