// SPDX-License-Identifier: Apache-2.0
// git's protocol over the ssh program: what ssh knows of hosts, keys, agents and jumps holds.
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cullet/base/process.hpp"
#include "cullet/base/text.hpp"

#include "transport.hpp"

namespace cullet::source {
namespace {

// A server that counts objects says so every few seconds; one that says nothing for so much longer
// than one may over http hangs.
constexpr int kStallFactor = 4;
constexpr std::size_t kMaxErrorText = 4096;

std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text)
    result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

/// The command line: GIT_SSH_COMMAND, core.sshCommand (both for the shell), GIT_SSH or ssh.
std::vector<std::string> command_line(const Wire& wire) {
  const auto& location = wire.location;
  const auto& environment = wire.context.environment;
  const auto variable = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  auto shell_command = variable("GIT_SSH_COMMAND");
  if (shell_command.empty())
    shell_command = wire.config.get("core.sshcommand").value_or("");
  const auto program = variable("GIT_SSH").empty() ? std::string("ssh") : variable("GIT_SSH");
  std::vector<std::string> line;
  if (shell_command.empty())
    line.push_back(program);
  else
    for (const auto& word :
         {std::string("/bin/sh"), std::string("-c"), shell_command + " \"$@\"", std::string("ssh")})
      line.push_back(word);
  const auto first =
      shell_command.empty() ? program : shell_command.substr(0, shell_command.find(' '));
  // Other programs than OpenSSH's may not know its options.
  if (std::filesystem::path(first).filename().string().starts_with("ssh")) {
    for (const auto* option : {"BatchMode=yes", "StrictHostKeyChecking=yes"}) {
      line.emplace_back("-o");
      line.emplace_back(option);
    }
  }
  if (!location.port.empty()) {
    line.emplace_back("-p");
    line.push_back(location.port);
  }
  line.push_back(location.user.empty() ? location.host : location.user + "@" + location.host);
  line.push_back("git-upload-pack " + shell_quoted(location.path));
  return line;
}

class SshSubtransport {
 public:
  explicit SshSubtransport(Wire& wire) : wire_(wire), errors_(::memfd_create("ssh", MFD_CLOEXEC)) {
    if (wire.context.http.offline())
      throw Error(Kind::machine, cat("--offline: ", wire.location.url, " was not opened"));
    if (!errors_.valid())
      throw system_error("cannot make a buffer", errno);
    // A socket, because writing to a pipe that nobody reads would raise SIGPIPE.
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw system_error("cannot make a socket", errno);
    socket_ = Fd(ends[0]);
    const Fd theirs(ends[1]);
    ProcessSpec spec;
    spec.argv = command_line(wire);
    for (const auto& [name, value] : wire.context.environment)
      if (name != "GIT_PROTOCOL")
        spec.environment.push_back(cat(name, "=", value));
    spec.in = theirs.get();
    spec.out = theirs.get();
    spec.err = errors_.get();
    process_ = std::make_unique<Process>(Process::start(spec));
  }

  std::size_t read(char* into, std::size_t size) {
    for (;;) {
      const auto got = ::recv(socket_.get(), into, size, MSG_DONTWAIT);
      if (got > 0) {
        if (first_)
          refuse_sha256({into, static_cast<std::size_t>(got)}, wire_.location);
        first_ = false;
        if (!written_)
          count_listed(wire_, static_cast<std::size_t>(got));
        return static_cast<std::size_t>(got);
      }
      if (got == 0 || errno == ECONNRESET) {
        if (first_)
          throw ended();
        return 0;
      }
      await(POLLIN);
    }
  }

  void write(std::string_view bytes) {
    written_ = true;
    while (!bytes.empty()) {
      const auto done =
          ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (done >= 0)
        bytes.remove_prefix(static_cast<std::size_t>(done));
      else if (errno == EPIPE || errno == ECONNRESET)
        throw ended();
      else
        await(POLLOUT);
    }
  }

  Wire& wire() noexcept { return wire_; }

 private:
  void await(short events) {
    if (errno != EAGAIN && errno != EINTR)
      throw system_error(cat("cannot talk to ", wire_.location.host), errno);
    std::array<pollfd, 2> polled{
        {{socket_.get(), events, 0}, {wire_.context.cancel.fd(), POLLIN, 0}}};
    const auto patience = kStallFactor * wire_.context.http.options().stall_timeout;
    const int ready = ::poll(polled.data(),
                             polled.size(),
                             static_cast<int>(std::chrono::milliseconds(patience).count()));
    wire_.context.cancel.check();
    if (ready == 0)
      throw Error(Kind::machine,
                  cat(wire_.location.host, " said nothing for ", patience.count(), " s"))
          .hint("try again later");
  }

  Error ended() {
    std::string text(kMaxErrorText, '\0');
    const auto got = ::pread(errors_.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    const bool absent = text.find("does not appear to be a git repository") != text.npos ||
                        text.find("not found") != text.npos;
    auto error = Error(absent ? Kind::input : Kind::machine,
                       cat("ssh to ", wire_.location.host, " ended without an answer"));
    for (const auto& line : split(trim(text), '\n'))
      if (!trim(line).empty())
        error.detail(std::string(trim(line)));
    if (text.find("Host key verification failed") != text.npos)
      return std::move(error).hint(cat(
          "check the host's key, then record it: ssh ", wire_.location.host, " (once, by hand)"));
    return std::move(error).hint("try the same with `git ls-remote`: it asks ssh in the same way");
  }

  Wire& wire_;
  Fd errors_, socket_;
  std::unique_ptr<Process> process_;
  bool first_ = true;
  bool written_ = false;
};

struct SshHandle : git_smart_subtransport {
  explicit SshHandle(Wire& the_wire);
  Wire& wire;
  git_smart_subtransport_stream stream{};
  /// Started by the first action: libgit2 1.5 leaks when a subtransport can't be made.
  std::unique_ptr<SshSubtransport> transport;
};

SshSubtransport& transport_of(git_smart_subtransport_stream* stream) {
  return *static_cast<SshHandle*>(stream->subtransport)->transport;
}

int read_stream(git_smart_subtransport_stream* stream, char* into, size_t size, size_t* got) {
  *got = 0;
  auto& transport = transport_of(stream);
  return transport.wire().guarded([&] { *got = transport.read(into, size); });
}

int write_stream(git_smart_subtransport_stream* stream, const char* bytes, size_t size) {
  auto& transport = transport_of(stream);
  return transport.wire().guarded([&] { transport.write({bytes, size}); });
}

void free_stream(git_smart_subtransport_stream* /*stream*/) {}  // part of its SshHandle

/// Both actions go over the one connection.
int open_stream(git_smart_subtransport_stream** out,
                git_smart_subtransport* subtransport,
                const char* /*url*/,
                git_smart_service_t /*action*/) {
  auto& handle = *static_cast<SshHandle*>(subtransport);
  return handle.wire.guarded([&] {
    if (!handle.transport)
      handle.transport = std::make_unique<SshSubtransport>(handle.wire);
    handle.stream = {subtransport, read_stream, write_stream, free_stream};
    *out = &handle.stream;
  });
}

int close_subtransport(git_smart_subtransport* /*subtransport*/) {
  return 0;
}

void free_subtransport(git_smart_subtransport* subtransport) {
  delete static_cast<SshHandle*>(subtransport);
}

SshHandle::SshHandle(Wire& the_wire)
    : git_smart_subtransport{open_stream, close_subtransport, free_subtransport}, wire(the_wire) {}

}  // namespace

int new_ssh_subtransport(git_smart_subtransport** out, git_transport* /*owner*/, void* wire) {
  auto& shared = *static_cast<Wire*>(wire);
  return shared.guarded([&] { *out = std::make_unique<SshHandle>(shared).release(); });
}

}  // namespace cullet::source
