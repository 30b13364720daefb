// SPDX-License-Identifier: Apache-2.0
#include "other_process.hpp"

#include <cerrno>
#include <csignal>
#include <string_view>

#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cullet/base/error.hpp"

namespace cullet::cli {

namespace {

/// One that nobody sets: it differs from whatever is in force.
constexpr mode_t kUmask = 0053;
constexpr std::string_view kHost = "another-machine";
constexpr unsigned long kAskPersonality = 0xffffffffUL;

}  // namespace

OtherProcess::OtherProcess(bool names) : names_(names) {
  // More than a cpu_set_t holds, or one alone: they stay as they are.
  if (::sched_getaffinity(0, sizeof processor_set_, &processor_set_) == 0) {
    const auto have = static_cast<unsigned>(CPU_COUNT(&processor_set_));
    for (unsigned processor = 0; have > 1 && processor < CPU_SETSIZE; ++processor)
      if (CPU_ISSET(processor, &processor_set_)) {
        CPU_CLR(processor, &processor_set_);
        processors_ = have - 1;
        break;
      }
  }
  if (const int now = ::personality(kAskPersonality); now >= 0)
    personality_ = static_cast<unsigned long>(now) ^ ADDR_NO_RANDOMIZE;
  else
    personality_ = kAskPersonality;
}

int OtherProcess::apply_names() const noexcept {
  if (::unshare(CLONE_NEWUSER | CLONE_NEWUTS) != 0)
    return errno;
  // A change of credentials may have cleared what Process asked for (prctl(2)).
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
    return errno;
  if (const int error = ids_.apply())
    return error;
  return ::sethostname(kHost.data(), kHost.size()) == 0 ? 0 : errno;
}

int OtherProcess::apply() const noexcept {
  ::umask(kUmask);
  if (processors_ > 0 && ::sched_setaffinity(0, sizeof processor_set_, &processor_set_) != 0)
    return errno;
  if (personality_ != kAskPersonality && ::personality(personality_) < 0)
    return errno;
  return names_ ? apply_names() : 0;
}

std::vector<std::string> OtherProcess::texts() const {
  std::vector<std::string> out{"umask 0053"};
  if (processors_ > 0)
    out.push_back(cat(processors_, processors_ == 1 ? " processor" : " processors"));
  if (personality_ != kAskPersonality)
    out.emplace_back((personality_ & ADDR_NO_RANDOMIZE) != 0 ? "addresses that are not random"
                                                             : "random addresses");
  if (names_) {
    out.push_back(cat("user ", kUser));
    out.push_back(cat("host ", kHost));
  }
  return out;
}

}  // namespace cullet::cli
