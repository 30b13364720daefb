// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cullet/source/source.hpp"

#include "progress_view.hpp"
#include "session.hpp"
#include "upstream_record.hpp"

namespace cullet::cli {

/// How upstreams are asked: with a client of their own, which tries one that says nothing for
/// `timeout`, or limits requests, once more.
class Asking {
 public:
  Asking(Session& session, std::chrono::seconds timeout);
  [[nodiscard]] source::Context context(ProgressView& view);

 private:
  Session& session_;
  http::Client client_;
};

/// The forks of these names (each once), or all that have an `upstream`. Throws Kind::input for an
/// unknown one.
std::vector<const workspace::Fork*> forks_to_ask(Session& session,
                                                 const std::vector<std::string>& names);

/// Asks all of them, several at once; one that fails leaves the others alone. In the order given.
/// Throws only Kind::interrupted.
std::vector<UpstreamAnswer> ask_upstreams(Session& session,
                                          const std::vector<const workspace::Fork*>& forks,
                                          Asking& asking,
                                          const source::UpstreamWish& wish = {});

/// 0, or the status of what failed: that of the machine or a service before that of wrong input.
int status_of(const std::vector<UpstreamAnswer>& answers);

}  // namespace cullet::cli
