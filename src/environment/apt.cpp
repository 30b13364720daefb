// SPDX-License-Identifier: Apache-2.0
#include "apt.hpp"

#include <algorithm>
#include <set>

#include "cullet/base/error.hpp"
#include "cullet/base/text.hpp"

#include "apt_errors.hpp"
#include "locked_package.hpp"

namespace cullet::environment {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxKeyring = std::uint64_t{16} << 20U;
constexpr std::string_view kDebianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
constexpr std::string_view kSystemPath = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

/// What of the machine's configuration is taken over: how to reach mirrors, and how old an index
/// may be. Never what lets unsigned indexes pass.
bool concerns_transport(std::string_view line) {
  for (const std::string_view prefix : {"Acquire::http::",
                                        "Acquire::https::",
                                        "Acquire::Retries",
                                        "Acquire::ForceIPv",
                                        "Acquire::Check-Valid-Until",
                                        "Acquire::Check-Date",
                                        "Acquire::Max-ValidTime",
                                        "Acquire::Min-ValidTime"})
    if (line.substr(0, prefix.size()) == prefix)
      return line.find("AllowInsecure") == std::string_view::npos &&
             line.find("AllowWeak") == std::string_view::npos;
  return false;
}

void add_directory(const fs::path& directory, std::vector<fs::path>& into) {
  std::error_code absent;
  if (!fs::is_directory(directory, absent))
    return;
  const auto opened = open_directory(directory);
  for (const auto& name : list_directory(opened.get(), directory.string()))
    if (const auto extension = fs::path(name).extension();
        extension == ".gpg" || extension == ".asc")
      into.push_back(directory / name);
}

/// The name and version of an "Inst NAME (VERSION ARCHIVE [ARCH])" line of apt-get --simulate.
std::optional<std::string> simulated(const std::string& line) {
  const auto parts = words(line);
  if (parts.size() < 3 || parts[0] != "Inst" || parts[2].size() < 2 || parts[2][0] != '(')
    return std::nullopt;
  return cat(parts[1], "=", parts[2].substr(1));
}

}  // namespace

Apt::Apt(fs::path work, std::string suite, const AptOptions& options, const Cancel& cancel)
    : work_(std::move(work)), suite_(std::move(suite)), options_(options), cancel_(cancel) {
  if (work_.string().find_first_of("\"\n\\") != std::string::npos)
    throw Error(Kind::machine, cat("apt can't work below '", printable(work_.string()), "'"))
        .hint("use a store whose path has no quotes, backslashes or line breaks");
  sources_ = options.mirrors.empty()
                 ? select_sources(machine_sources(kEtcApt), suite_, options.architecture)
                 : mirror_sources(options.mirrors, suite_);
  if (sources_.empty())
    throw Error(Kind::input, cat("no Debian mirror is known for '", suite_, "'"))
        .hint("give `mirrors` in cullet.yaml");
  for (const auto* directory :
       {"lists/partial", "cache/archives/partial", "sources", "trusted", "tmp"})
    make_directories(work_ / directory);
  replace_file(work_ / "status", "", 0644, Durability::buffered);
  if (!options.mirrors.empty())
    write_keyrings();
  write_sources();
  write_configuration();
}

Captured Apt::run(std::vector<std::string> argv) const {
  ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.environment = {"LC_ALL=C.UTF-8",
                      "TMPDIR=" + (work_ / "tmp").string(),
                      "APT_CONFIG=" + (work_ / "apt.conf").string()};
  spec.environment.emplace_back(kSystemPath);
  for (const auto& [name, value] : options_.proxies)
    spec.environment.push_back(cat(name, "_proxy=", value));
  spec.directory = work_;
  try {
    return run_captured(std::move(spec), "", cancel_);
  } catch (Error& error) {
    if (error.kind() == Kind::machine)
      error.hint("`cullet lock` needs apt; builds from a lock don't");
    throw;
  }
}

void Apt::write_configuration() const {
  const auto w = work_.string();
  auto text = cat("Dir::Etc::main \"/dev/null\";\nDir::Etc::parts \"/dev/null\";\n",
                  "Dir::Etc::sourcelist \"/dev/null\";\nDir::Etc::sourceparts \"",
                  w,
                  "/sources/\";\nDir::Etc::preferences \"/dev/null\";\n",
                  "Dir::Etc::preferencesparts \"/dev/null\";\nDir::State \"",
                  w,
                  "/\";\nDir::State::lists \"",
                  w,
                  "/lists/\";\nDir::State::status \"",
                  w,
                  "/status\";\nDir::State::extended_states \"",
                  w,
                  "/extended\";\nDir::Cache \"",
                  w,
                  "/cache/\";\nDir::Log \"",
                  w,
                  "/\";\n");
  if (!options_.mirrors.empty())
    text += cat("Dir::Etc::trusted \"/dev/null\";\nDir::Etc::trustedparts \"", w, "/trusted/\";\n");
  // As root, apt would hand the downloads to a user who can't write here.
  text += cat("APT::Architecture \"",
              options_.architecture,
              "\";\nAPT::Architectures { \"",
              options_.architecture,
              "\"; };\nAPT::Sandbox::User \"root\";\n",
              "APT::Install-Recommends \"false\";\nAPT::Install-Suggests \"false\";\n",
              "APT::Update::Error-Mode \"any\";\nAcquire::Languages \"none\";\n");
  // Read by apt-config, which still has the machine's configuration.
  ProcessSpec spec;
  spec.argv = {"apt-config", "dump"};
  spec.environment = {"LC_ALL=C.UTF-8"};
  spec.environment.emplace_back(kSystemPath);
  try {
    for (const auto& line : split(run_captured(spec, "", cancel_).out, '\n'))
      if (concerns_transport(line))
        text += line + "\n";
  } catch (Error& error) {
    if (error.kind() == Kind::machine)
      error.hint("`cullet lock` needs apt; builds from a lock don't");
    throw;
  }
  replace_file(work_ / "apt.conf", text, 0644, Durability::buffered);
}

void Apt::write_keyrings() const {
  auto keyrings = options_.keyrings;
  std::vector<std::string> inline_keys;
  if (keyrings.empty()) {
    for (const auto& source :
         select_sources(machine_sources(kEtcApt), suite_, options_.architecture)) {
      const auto by = source.options.find("Signed-By");
      if (by == source.options.end())
        continue;
      if (by->second.find("BEGIN PGP") != std::string::npos)
        inline_keys.push_back(by->second);
      else
        for (const auto& path : words(by->second))
          if (path[0] == '/')
            keyrings.emplace_back(path);
    }
    add_directory(fs::path(kEtcApt) / "trusted.gpg.d", keyrings);
    if (std::error_code absent; fs::exists(kDebianKeyring, absent))
      keyrings.emplace_back(kDebianKeyring);
  }
  std::set<std::string> written;
  const auto write = [&](const std::string& bytes) {
    const bool armoured = bytes.find("-----BEGIN PGP") != std::string::npos;
    if (written.insert(bytes).second)
      replace_file(work_ / "trusted" / cat(written.size(), armoured ? ".asc" : ".gpg"),
                   bytes,
                   0644,
                   Durability::buffered);
  };
  for (const auto& path : keyrings)
    write(read_file(path, kMaxKeyring));
  for (const auto& key : inline_keys) {
    // deb822 writes an empty line as "."
    std::string text;
    for (const auto& line : split(key, '\n'))
      text += (line == "." ? "" : line) + "\n";
    write(std::string(trim(text)) + "\n");
  }
}

void Apt::write_sources() const {
  replace_file(work_ / "sources/cullet.sources",
               format_sources(sources_, options_.architecture),
               0644,
               Durability::buffered);
}

void Apt::update() {
  const auto result = run({"apt-get", "-q", "update"});
  if (!result.status.ok() || result.err.find("\nE: ") != std::string::npos ||
      result.err.rfind("E: ", 0) == 0)
    throw update_error(suite_, result.err);
  if (options_.mirrors.empty())
    drop_foreign_origins();
}

/// Other archives may use Debian's names for suites and components. Where Debian's own is among
/// them (or a mirror of it), the others are not asked.
void Apt::drop_foreign_origins() {
  const auto result = run({"apt-get",
                           "indextargets",
                           "--format",
                           "$(REPO_URI) $(RELEASE) $(ORIGIN)",
                           "Created-By: Packages"});
  std::set<std::pair<std::string, std::string>> debian;
  for (const auto& line : split(result.out, '\n'))
    if (const auto parts = words(line); parts.size() == 3 && parts[2] == "Debian")
      debian.emplace(parts[0], parts[1]);
  if (debian.empty())
    return;
  const auto foreign = [&](const AptSource& source) {
    return debian.count({source.uri + "/", source.suite}) == 0;
  };
  const auto end = std::remove_if(sources_.begin(), sources_.end(), foreign);
  if (end == sources_.begin() || end == sources_.end())
    return;
  sources_.erase(end, sources_.end());
  write_sources();
}

std::vector<std::string> Apt::names() const {
  const auto result = run({"apt-cache", "pkgnames"});
  if (!result.status.ok())
    throw apt_error(Kind::machine, "apt-cache can't list packages", result);
  auto names = words(result.out);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Apt::providers(const std::string& name) const {
  constexpr std::string_view kHeading = "Reverse Provides:";
  const auto result = run({"apt-cache", "showpkg", "--", name});
  const auto at = result.out.rfind(kHeading);
  std::set<std::string> names;
  if (at != std::string::npos)
    for (const auto& line : split(result.out.substr(at + kHeading.size()), '\n'))
      if (const auto parts = words(line); parts.size() > 1)
        names.insert(parts[0]);
  return {names.begin(), names.end()};
}

std::vector<std::string> Apt::install(const std::vector<std::string>& packages) const {
  std::vector<std::string> argv{
      "apt-get", "-q", "--simulate", "--no-install-recommends", "install", "--"};
  argv.insert(argv.end(), packages.begin(), packages.end());
  const auto result = run(std::move(argv));
  if (!result.status.ok())
    throw install_error(suite_, result);
  std::vector<std::string> installed;
  for (const auto& line : split(result.out, '\n'))
    if (auto name = simulated(line))
      installed.push_back(std::move(*name));
  if (installed.size() < packages.size())
    throw apt_error(Kind::machine, "apt-get names fewer packages than it was asked for", result);
  return installed;
}

std::vector<LockedPackage> Apt::records(const std::vector<std::string>& packages) const {
  std::vector<std::string> argv{"apt-cache", "-q", "--no-all-versions", "show", "--"};
  argv.insert(argv.end(), packages.begin(), packages.end());
  const auto result = run(std::move(argv));
  if (!result.status.ok())
    throw apt_error(Kind::input, "apt-cache knows no such package", result);
  std::vector<LockedPackage> records;
  for (const auto& paragraph : parse_control(result.out, "apt-cache's output")) {
    auto record = package_from_record(paragraph);
    if (std::find(records.begin(), records.end(), record) == records.end())
      records.push_back(std::move(record));
  }
  return records;
}

}  // namespace cullet::environment
