// SPDX-License-Identifier: Apache-2.0
#include "variation.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/pipe.hpp"
#include "cullet/base/process.hpp"

#include "other_process.hpp"

namespace cullet::cli {

namespace {

constexpr std::size_t kMostOutput = std::size_t{64} << 20U;
constexpr std::size_t kKeptLines = 60;
constexpr std::string_view kErrorLine = "error: ";

/// Reads what is there; false at the end.
bool read_some(int fd, std::string& into) {
  std::array<char, 16384> buffer{};
  const auto count = ::read(fd, buffer.data(), buffer.size());
  if (count < 0 && errno != EINTR)
    throw system_error("cannot read what the second build says", errno);
  if (count > 0)
    into.append(buffer.data(), static_cast<std::size_t>(count));
  if (into.size() > kMostOutput)
    throw Error(Kind::internal, "the second build says more than can be read");
  return count != 0;
}

/// What the child says: its record, and its progress, passed on line by line.
class Conversation {
 public:
  Conversation(ProgressView& view, bool redraws) : view_(view), redraws_(redraws) {}

  /// Until both ends are closed, or stopping is requested.
  void listen(int out, int err, const Cancel& cancel) {
    bool out_open = true, err_open = true;
    while (out_open || err_open) {
      std::array<pollfd, 3> events{pollfd{out_open ? out : -1, POLLIN, 0},
                                   pollfd{err_open ? err : -1, POLLIN, 0},
                                   pollfd{cancel.fd(), POLLIN, 0}};
      if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR)
        throw system_error("cannot wait for the second build", errno);
      if (events[0].revents != 0)
        out_open = read_some(out, record);
      if (events[1].revents != 0) {
        err_open = read_some(err, pending_);
        pass_on();
      }
      if (events[2].revents != 0)
        return;
    }
  }

  /// What the child failed with, of the kind of its exit status.
  [[nodiscard]] Error failure(const ExitStatus& status) const {
    const auto begin = std::find_if(lines_.rbegin(), lines_.rend(), [](const std::string& line) {
                         return line.starts_with(kErrorLine);
                       }).base();
    if (begin == lines_.begin())
      return {Kind::machine, cat("the second build ended with ", status.str())};
    Error error(kind_of(status), (begin - 1)->substr(kErrorLine.size()));
    for (auto line = begin; line != lines_.end(); ++line)
      // What it hints at is about to vanish, and nobody typed that command line.
      if (!line->starts_with("hint: ") && !line->starts_with("  while running "))
        error.detail(line->substr(std::min(line->find_first_not_of(' '), line->size())));
    error.add_context("building again, as another machine would");
    return error;
  }

  std::string record;

 private:
  void pass_on() {
    for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
      lines_.push_back(pending_.substr(0, end));
      pending_.erase(0, end + 1);
      if (lines_.size() > kKeptLines)
        lines_.erase(lines_.begin());
      failed_ = failed_ || lines_.back().starts_with(kErrorLine);
      if (redraws_)
        status_("building again: " + lines_.back());
      else if (!failed_)
        view_.note("again: " + lines_.back());
    }
  }

  static Kind kind_of(const ExitStatus& status) {
    for (const auto kind : {Kind::input, Kind::machine, Kind::interrupted})
      if (status.code == exit_status(kind))
        return kind;
    // What built once and doesn't now is not reproducible.
    const bool failed =
        status.code == exit_status(Kind::step) || status.code == exit_status(Kind::refused);
    return failed ? Kind::refused : Kind::internal;
  }

  ProgressView& view_;
  const std::function<void(const std::string&)> status_ = view_.status();
  const bool redraws_;
  bool failed_ = false;  ///< what comes now is the error, which the caller will say
  std::string pending_;
  std::vector<std::string> lines_;
};

/// Nothing of the caller's but what the program itself needs to run.
std::vector<std::string> environment_of(const Environment& caller,
                                        const std::filesystem::path& home) {
  std::vector<std::string> out{cat("HOME=", home.string()),
                               "LANG=tr_TR.UTF-8",
                               "LC_ALL=tr_TR.UTF-8",
                               "TZ=<+14>-14",
                               "USER=somebody-else",
                               "LOGNAME=somebody-else"};
  for (const auto* name :
       {"PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const auto value = caller.get(name); !value.empty())
      out.push_back(cat(name, "=", value));
  return out;
}

/// With names of its own where the machine allows that.
Process start(ProcessSpec spec, std::vector<std::string>& varied) {
  for (const bool names : {true, false}) {
    const OtherProcess other(names);
    spec.before_exec = [&other] { return other.apply(); };
    try {
      auto process = Process::start(spec);
      varied = other.texts();
      return process;
    } catch (const Error& error) {
      if (!names || error.kind() != Kind::machine)
        throw;
    }
  }
  throw Error(Kind::internal, "a process was neither started nor refused");
}

}  // namespace

OtherMachine::OtherMachine(Session& session)
    : session_(session), place_(session.store().work_directory()) {
  // As many as processors where that is another number, so that a leak of either looks the same.
  const auto processors = OtherProcess(false).processors();
  jobs_ = processors > 0 && processors != session.jobs() ? processors : session.jobs() + 1;
  const auto place = place_.root() /
                     "another machine, with spaces and a long name, at another path" /
                     "Ümläut, comma and colon: nothing of this may reach an image";
  workspace_ = place / "the workspace of somebody else";
  store_ = place / "the store of somebody else";
  make_directories(place);
}

Json OtherMachine::build(const std::vector<std::string>& recipes, ProgressView& view) {
  const auto home = workspace_.parent_path() / "home";
  make_directories(home);
  ProcessSpec spec;
  spec.argv = {"/proc/self/exe",
               "--directory",
               workspace_.string(),
               "--store",
               store_.string(),
               "--jobs",
               std::to_string(jobs_),
               "--offline",
               "--json",
               "build",
               "--no-publish",
               "--other-machine"};
  spec.argv.insert(spec.argv.end(), recipes.begin(), recipes.end());
  spec.environment = environment_of(session_.environment(), home);
  Pipe out, err;
  spec.out = out.write.get();
  spec.err = err.write.get();
  auto process = start(spec, varied_);
  for (const auto& text : {cat(jobs_, jobs_ == 1 ? " job" : " jobs"),
                           std::string("a clock a year ahead"),
                           std::string("another order of directories"),
                           std::string("another path"),
                           std::string("locale tr_TR.UTF-8"),
                           std::string("zone UTC+14")})
    varied_.push_back(text);
  std::sort(varied_.begin(), varied_.end());
  out.write = Fd();
  err.write = Fd();
  Conversation conversation(view, session_.environment().err_is_terminal);
  conversation.listen(out.read.get(), err.read.get(), session_.cancel());
  const auto status = process.wait(session_.cancel());
  if (!status->ok())
    throw conversation.failure(*status);
  return parse_json(conversation.record, "what the second build says", kMostOutput);
}

}  // namespace cullet::cli
