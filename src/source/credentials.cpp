// SPDX-License-Identifier: Apache-2.0
#include "credentials.hpp"

#include <filesystem>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/process.hpp"
#include "cullet/base/text.hpp"

namespace cullet::source {
namespace {

constexpr std::uint64_t kNetrcLimit = 1U << 20U;
constexpr std::uint64_t kHelperLimit = 64U << 10U;

/// Words of a netrc file; a quoted one may hold blanks and \".
class NetrcWords {
 public:
  explicit NetrcWords(std::string_view text) : rest_(text) {}

  std::optional<std::string> next() {
    skip_blanks();
    if (rest_.empty())
      return std::nullopt;
    if (rest_.front() == '"')
      return quoted();
    const auto end = std::min(rest_.find_first_of(" \t\r\n"), rest_.size());
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return word;
  }
  /// A macro ends at an empty line.
  void skip_macro() {
    const auto end = rest_.find("\n\n");
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 2);
  }

 private:
  void skip_blanks() {
    while (!rest_.empty()) {
      if (rest_.front() == '#')
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      else if (std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos)
        rest_.remove_prefix(1);
      else
        return;
    }
  }
  std::optional<std::string> quoted() {
    std::string word;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return word;
      }
      if (rest_[i] == '\\' && i + 1 < rest_.size())
        ++i;
      word += rest_[i];
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

bool one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\0\n\r", 3)) == text.npos;
}

std::string authority(const Location& location) {
  const bool usual =
      location.port.empty() || location.port == (location.scheme == "https" ? "443" : "80");
  return usual ? location.host : location.host + ":" + location.port;
}

}  // namespace

std::optional<Login> find_in_netrc(std::string_view text,
                                   std::string_view host,
                                   std::string_view user) {
  NetrcWords words(text);
  Login login;
  bool ours = false;
  const auto found = [&] {
    return ours && !login.password.empty() && (user.empty() || login.user == user);
  };
  while (auto word = words.next()) {
    if (*word == "machine" || *word == "default") {
      if (found())
        return login;
      login = {};
      ours = *word == "default";
      if (!ours) {
        const auto name = words.next();
        if (!name)
          break;
        ours = *name == host;
      }
    } else if (*word == "login" || *word == "password" || *word == "account") {
      auto value = words.next();
      if (!value)
        break;
      if (*word == "login")
        login.user = std::move(*value);
      else if (*word == "password")
        login.password = std::move(*value);
    } else if (*word == "macdef") {
      words.skip_macro();
    } else {
      break;
    }
  }
  return found() ? std::optional(std::move(login)) : std::nullopt;
}

std::optional<Login> Credentials::next() {
  if (helper_login_) {
    run_git("reject", helper_login_);
    helper_login_.reset();
  }
  if (stage_ == 0) {
    ++stage_;
    // A lone user may be a token, as forges have it; with a helper it is only a name.
    if (!location_.password.empty()) {
      tried_.emplace_back("the URL");
      return Login{location_.user, location_.password};
    }
  }
  if (stage_ == 1) {
    ++stage_;
    if (auto login = from_helper())
      return login;
  }
  if (stage_ == 2) {
    ++stage_;
    if (auto login = from_netrc())
      return login;
  }
  if (stage_ == 3) {
    ++stage_;
    if (location_.password.empty() && !location_.user.empty()) {
      tried_.emplace_back("the URL");
      return Login{location_.user, ""};
    }
  }
  return std::nullopt;
}

void Credentials::accepted() {
  if (helper_login_)
    run_git("approve", helper_login_);
}

std::optional<Login> Credentials::from_helper() {
  const auto answer = run_git("fill", std::nullopt);
  if (!answer)
    return std::nullopt;
  Login login;
  for (const auto& line : split(*answer, '\n')) {
    if (line.starts_with("username="))
      login.user = line.substr(9);
    else if (line.starts_with("password="))
      login.password = line.substr(9);
  }
  if (login.password.empty())
    return std::nullopt;
  tried_.emplace_back("git's credential helper");
  helper_login_ = login;
  return login;
}

std::optional<Login> Credentials::from_netrc() {
  const auto named = environment_.find("NETRC");
  const auto home = environment_.find("HOME");
  std::filesystem::path path;
  if (named != environment_.end())
    path = named->second;
  else if (home != environment_.end())
    path = std::filesystem::path(home->second) / ".netrc";
  std::error_code ignored;
  if (path.empty() || !std::filesystem::is_regular_file(path, ignored))
    return std::nullopt;
  auto login = find_in_netrc(read_file(path, kNetrcLimit), location_.host, location_.user);
  if (login)
    tried_.push_back(path.string());
  return login;
}

/// gitcredentials(7): attributes in lines, on both sides. nullopt when git is not there or has no
/// answer: then there is no helper, which is no failure.
std::optional<std::string> Credentials::run_git(const char* action,
                                                const std::optional<Login>& login) {
  auto path = location_.path.starts_with('/') ? location_.path.substr(1) : location_.path;
  std::string question =
      cat("protocol=", location_.scheme, "\nhost=", authority(location_), "\npath=", path, "\n");
  const auto& user = login ? login->user : location_.user;
  if (!user.empty())
    question += cat("username=", user, "\n");
  if (login)
    question += cat("password=", login->password, "\n");
  // A line break inside would forge another attribute (CVE-2020-5260).
  if (!one_line(location_.host) || !one_line(path) || !one_line(user))
    return std::nullopt;
  ProcessSpec spec;
  spec.argv = {"git", "credential", action};
  spec.directory = "/";  // no repository's own configuration
  for (const auto& [name, value] : environment_)
    if (name != "GIT_TERMINAL_PROMPT" && name != "GIT_ASKPASS" && name != "GIT_DIR" &&
        name != "GIT_WORK_TREE")
      spec.environment.push_back(cat(name, "=", value));
  spec.environment.emplace_back("GIT_TERMINAL_PROMPT=0");
  spec.environment.emplace_back("GIT_ASKPASS=");  // then core.askPass and SSH_ASKPASS don't count
  try {
    auto result = run_captured(std::move(spec), question, cancel_, kHelperLimit);
    return result.status.ok() ? std::optional(std::move(result.out)) : std::nullopt;
  } catch (const Error& error) {
    if (error.kind() == Kind::interrupted)
      throw;
    return std::nullopt;
  }
}

}  // namespace cullet::source
