// SPDX-License-Identifier: Apache-2.0
#include "servers.hpp"

#include <chrono>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

namespace cullet::test {
namespace {

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

std::string search_path() {
  // Servers live in the sbin directories, which are not on everybody's path.
  return environment("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin";
}

std::pair<Fd, Fd> make_pipe() {
  int ends[2] = {};
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw std::runtime_error("pipe2 failed");
  return {Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

TemporaryDirectory scratch() {
  return TemporaryDirectory(environment("TMPDIR", "/tmp"), "cullet-test");
}

http::Options fast_options() {
  http::Options options;
  options.first_delay = std::chrono::milliseconds(1);
  options.connect_timeout = std::chrono::seconds(30);
  return options;
}

Servers::Servers(const std::vector<std::string>& commands) : directory_(scratch()) {
  auto [input, keep_alive] = make_pipe();
  auto [output, into] = make_pipe();
  const auto log_file = directory_.path() / "servers.log";
  const Fd log = open_file(log_file, O_WRONLY | O_CREAT | O_APPEND, 0600);
  ProcessSpec spec;
  spec.argv = {"bash",
               std::string(CULLET_SOURCE_DIR) + "/tests/support/servers.sh",
               directory_.path().string()};
  spec.argv.insert(spec.argv.end(), commands.begin(), commands.end());
  spec.environment = {
      "PATH=" + search_path(), "LC_ALL=C.UTF-8", "HOME=" + directory_.path().string()};
  spec.in = input.get();
  spec.out = into.get();
  spec.err = log.get();
  process_.emplace(Process::start(spec));
  keep_alive_ = std::move(keep_alive);
  into = Fd();  // so that its end is seen
  FdSource source(output.get(), "servers");
  std::string text;
  std::byte byte{};
  while (!text.ends_with("\n\n") && source.read({&byte, 1}) == 1)
    text += static_cast<char>(byte);
  if (!text.ends_with("\n\n"))
    throw std::runtime_error("the servers did not start: " + read_file(log_file, 1U << 20U));
  for (const auto& line : split(text, '\n'))
    if (const auto equals = line.find('='); equals != std::string::npos)
      values_[line.substr(0, equals)] = line.substr(equals + 1);
}

Servers::~Servers() {
  keep_alive_ = Fd();
  try {
    if (process_)
      process_->wait(cancel_, std::chrono::seconds(30));
  } catch (const Error&) {
    // Its destructor kills what is left.
  }
}

const std::string& Servers::operator[](const std::string& name) const {
  return values_.at(name);
}

void Servers::script(const Json& rules) const {
  replace_file((*this)["FAULTY_SCRIPT"], rules.dump());
}

void Servers::settle() const {
  http::Client client(fast_options(), cancel_);
  http::Request request;
  request.url = (*this)["FAULTY_URL"] + "/.faulty-server/settled";
  client.send(request);
}

std::vector<Json> Servers::requests() const {
  settle();
  std::vector<Json> result;
  for (const auto& line : split(read_file((*this)["FAULTY_LOG"], 64U << 20U), '\n'))
    if (!line.empty())
      result.push_back(Json::parse(line));
  return result;
}

void Servers::forget() const {
  settle();
  std::filesystem::resize_file((*this)["FAULTY_LOG"], 0);
}

std::size_t Servers::count(const std::string& method, const std::string& part) const {
  std::size_t number = 0;
  for (const auto& request : requests())
    if (request["method"] == method &&
        request["path"].get<std::string>().find(part) != std::string::npos)
      ++number;
  return number;
}

std::optional<std::string> Servers::missing(const std::vector<std::string>& programs) {
  for (const auto& program : programs) {
    bool found = false;
    for (const auto& directory : split(search_path(), ':'))
      found = found || access((directory + "/" + program).c_str(), X_OK) == 0;
    if (!found)
      return program + " is not installed";
  }
  return std::nullopt;
}

std::string pattern(std::size_t size, std::uint32_t seed) {
  std::string text(size, '\0');
  for (char& c : text) {
    seed = seed * 1664525U + 1013904223U;
    c = static_cast<char>(seed >> 24U);
  }
  return text;
}

Json fault(const std::string& match, int times, const Json& action, int skip) {
  return {{"match", match}, {"times", times}, {"skip", skip}, {"action", action}};
}

}  // namespace cullet::test
