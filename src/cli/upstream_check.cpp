// SPDX-License-Identifier: Apache-2.0
#include "upstream_check.hpp"

#include <algorithm>
#include <system_error>

#include "cullet/base/parallel.hpp"

#include "forks.hpp"

namespace cullet::cli {

namespace {

// Mostly they wait for servers; one host is not to be flooded either.
constexpr unsigned kAtOnce = 8;
// Enough to wait where requests are limited; one that hangs does so once more.
constexpr int kAttempts = 2;

http::Options options_for(Session& session, std::chrono::seconds timeout) {
  auto options = session.http().options();
  options.stall_timeout = timeout;
  options.connect_timeout = timeout;
  options.attempts = kAttempts;
  return options;
}

UpstreamAnswer ask(const source::Context& context,
                   const workspace::Fork& fork,
                   const source::UpstreamWish& wish) {
  UpstreamAnswer answer;
  answer.fork = &fork;
  try {
    answer.state = source::check_upstream(context, fork, wish);
  } catch (const Error& error) {
    answer.error = error;
  } catch (const std::system_error& error) {
    answer.error = Error(Kind::machine, error.what());
  } catch (const std::exception& error) {
    answer.error = Error(Kind::internal, error.what());
  }
  return answer;
}

}  // namespace

Asking::Asking(Session& session, std::chrono::seconds timeout)
    : session_(session), client_(options_for(session, timeout), session.cancel()) {}

source::Context Asking::context(ProgressView& view) {
  return source_context(session_, view, client_);
}

std::vector<const workspace::Fork*> forks_to_ask(Session& session,
                                                 const std::vector<std::string>& names) {
  std::vector<const workspace::Fork*> forks;
  for (const auto& name : names)
    if (const auto* fork = &find_fork(session, name);
        std::find(forks.begin(), forks.end(), fork) == forks.end())
      forks.push_back(fork);
  if (names.empty())
    for (const auto& [name, fork] : session.workspace().forks)
      if (!fork.upstream.empty())
        forks.push_back(&fork);
  return forks;
}

std::vector<UpstreamAnswer> ask_upstreams(Session& session,
                                          const std::vector<const workspace::Fork*>& forks,
                                          Asking& asking,
                                          const source::UpstreamWish& wish) {
  ProgressView view(session.environment());
  const auto context = asking.context(view);
  std::vector<UpstreamAnswer> answers(forks.size());
  in_parallel(forks.size(), kAtOnce, [&](std::size_t at) {
    auto own = context;
    own.progress = view.status();
    answers[at] = ask(own, *forks[at], wish);
  });
  session.cancel().check();
  return answers;
}

int status_of(const std::vector<UpstreamAnswer>& answers) {
  int status = 0;
  for (const auto& answer : answers)
    if (answer.error)
      status = std::max(status, exit_status(answer.error->kind()));
  return status;
}

}  // namespace cullet::cli
