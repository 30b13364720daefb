// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <algorithm>
#include <ostream>

#include "cullet/base/error.hpp"
#include "cullet/base/file.hpp"
#include "cullet/base/text.hpp"
#include "cullet/workspace/read.hpp"

namespace cullet::cli {

namespace {

constexpr std::chrono::seconds kGlance{5};  // for what a command can do without

/// Like curl and git, variables are read in lower case first (and HTTP_PROXY never: a CGI server
/// sets that one from a request's header).
http::Options http_options(const Environment& environment, const GlobalOptions& options) {
  http::Options out;
  out.offline = options.offline;
  out.now = environment.now;
  const auto either = [&](const char* lower, const char* upper) {
    const auto value = environment.get(lower);
    return value.empty() ? environment.get(upper) : value;
  };
  out.proxies = {{"http", environment.get("http_proxy")},
                 {"https", either("https_proxy", "HTTPS_PROXY")},
                 {"no", either("no_proxy", "NO_PROXY")}};
  std::erase_if(out.proxies, [](const auto& entry) { return entry.second.empty(); });
  out.ca_file = either("CURL_CA_BUNDLE", "SSL_CERT_FILE");
  if (const auto home = environment.get("HOME"); !home.empty())
    out.certs_directories.emplace_back(std::filesystem::path(home) / ".config/containers/certs.d");
  out.certs_directories.emplace_back("/etc/containers/certs.d");
  out.certs_directories.emplace_back("/etc/docker/certs.d");
  return out;
}

std::filesystem::path default_store(const Environment& environment) {
  if (const auto cache = environment.get("XDG_CACHE_HOME"); !cache.empty())
    return std::filesystem::path(cache) / "cullet";
  const auto home = environment.get("HOME");
  if (home.empty())
    throw Error(Kind::usage,
                "there is no place for the store: neither --store, $CULLET_STORE, "
                "$XDG_CACHE_HOME nor $HOME says one")
        .hint("name a directory: cullet --store DIR …");
  return std::filesystem::path(home) / ".cache" / "cullet";
}

Error no_image(const std::string& text,
               const std::string& name,
               const workspace::Workspace& workspace) {
  Error error(Kind::input,
              cat("'",
                  printable(text),
                  "' is neither a recipe of this workspace nor a whole image reference"));
  std::vector<std::string> recipes;
  for (const auto& [recipe, _] : workspace.recipes)
    recipes.push_back(recipe);
  if (const auto near = nearest(name, recipes))
    error.hint(cat("did you mean '", *near, "'?"));
  else
    error.hint("references look like HOST/NAME:TAG or oci:PATH:TAG");
  return error;
}

/// A key of the workspace. `other` is the file of its other half, which may be there without it.
std::string read_key(const std::filesystem::path& path,
                     const std::filesystem::path& other,
                     std::string_view otherwise) {
  if (auto text = find_file(path, kMaxKeyBytes))
    return std::move(*text);
  const auto first = is_there(other)
                         ? cat("bring it from where ", other.filename().string(), " was made")
                         : std::string("`cullet key new` makes it");
  throw Error(Kind::input, cat("there is no key ", path.string()))
      .hint(cat(first, ", or ", otherwise));
}

}  // namespace

std::filesystem::path public_half(std::filesystem::path path) {
  return path.replace_extension(".pub");
}

std::string Environment::get(const std::string& name) const {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

unsigned Session::jobs() const {
  return options_.jobs == 0 ? environment_.processors : options_.jobs;
}

std::filesystem::path Session::directory() const {
  return from_here(options_.directory);
}

std::filesystem::path Session::from_here(const std::filesystem::path& path) const {
  if (environment_.directory.empty() && !path.is_absolute())
    throw Error(Kind::machine, "the current directory is not there any more")
        .hint("change to one that is, or name one from the root: cullet -C /DIR …");
  return (environment_.directory / path).lexically_normal();
}

const workspace::Workspace& Session::workspace() {
  if (!workspace_) {
    workspace_ = std::make_shared<const workspace::Workspace>(
        workspace::read(workspace::find_root(directory()), jobs()));
    environment_.kept.push_back(workspace_);
  }
  return *workspace_;
}

const environment::Lock& Session::lock() {
  if (!lock_) {
    workspace::check_references(workspace());
    lock_ = environment::lock_of(workspace());
  }
  return *lock_;
}

store::Store& Session::store() {
  if (!store_) {
    std::filesystem::path path = options_.store;
    if (path.empty())
      path = environment_.get("CULLET_STORE");
    if (path.empty())
      path = default_store(environment_);
    store_ = std::make_unique<store::Store>(from_here(path), cancel());
  }
  return *store_;
}

http::Client& Session::http() {
  if (!http_)
    http_ = std::make_unique<http::Client>(http_options(environment_, options_), cancel());
  return *http_;
}

const std::vector<std::string>& Session::mirrors() {
  if (!mirrors_) {
    mirrors_ = workspace().config.mirrors;
    if (mirrors_->empty()) {
      std::vector<std::string> suites;
      for (const auto& [name, environment] : workspace().config.environments)
        suites.push_back(environment.suite);
      if (suites.empty())
        suites.emplace_back();
      for (const auto& suite : suites)
        for (const auto& mirror : environment::machine_mirrors(suite))
          if (std::find(mirrors_->begin(), mirrors_->end(), mirror) == mirrors_->end())
            mirrors_->push_back(mirror);
    }
  }
  return *mirrors_;
}

build::Context Session::build_context(build::Observer& observer) {
  if (!kept_)
    kept_ = std::make_unique<build::KeptInputs>([this] { return shared_inputs(false); });
  return {.workspace = workspace(),
          .lock = lock(),
          .store = store(),
          .http = http(),
          .cancel = cancel(),
          .observer = observer,
          .mirrors = mirrors(),
          .environment = environment_.variables,
          .jobs = jobs(),
          .kept = workspace().config.inputs.empty() ? nullptr : kept_.get()};
}

registry::RemoteOptions Session::remote_options() {
  registry::RemoteOptions out;
  out.plain_http = options_.plain_http;
  const std::filesystem::path home = environment_.get("HOME");
  auto& files = out.credentials.files;
  if (const auto docker = environment_.get("DOCKER_CONFIG"); !docker.empty())
    files.push_back(std::filesystem::path(docker) / "config.json");
  else if (!home.empty())
    files.push_back(home / ".docker" / "config.json");
  if (const auto file = environment_.get("REGISTRY_AUTH_FILE"); !file.empty())
    files.emplace_back(file);
  if (const auto runtime = environment_.get("XDG_RUNTIME_DIR"); !runtime.empty())
    files.push_back(std::filesystem::path(runtime) / "containers" / "auth.json");
  if (!home.empty())
    files.push_back(home / ".config" / "containers" / "auth.json");
  for (const auto& [name, value] : environment_.variables)
    out.credentials.helper_environment.push_back(cat(name, "=", value));
  return out;
}

std::unique_ptr<image::Repository> Session::repository(const registry::Reference& reference,
                                                       bool create) {
  return registry::open_repository(http(), reference, remote_options(), create, cancel());
}

void Session::check_writable(const registry::Reference& reference) {
  auto options = http_options(environment_, options_);
  options.attempts = 1;
  options.connect_timeout = options.stall_timeout = kGlance;
  http::Client client(std::move(options), cancel());
  registry::open_repository(client, reference, remote_options(), true, cancel())->check_writable();
}

std::unique_ptr<image::Repository> Session::shared_inputs(bool create) {
  const auto& text = workspace().config.inputs;
  if (text.empty())
    return nullptr;
  auto where = registry::Reference::parse(text);
  if (!where.tag.empty() || where.digest)
    throw Error(Kind::input, cat("cullet.yaml: inputs: the repository '", text, "' has a tag"));
  if (options_.offline && !where.layout)
    return nullptr;
  if (where.layout) {
    where.repository = (workspace().root / where.repository).lexically_normal().string();
    if (!create && !is_there(where.repository, true))
      return nullptr;
  }
  return repository(where, create);
}

registry::Reference Session::home(const std::string& recipe) {
  auto reference = registry::Reference::parse(cat(workspace().config.registry, "/", recipe));
  if (reference.layout)
    reference.repository = (workspace().root / reference.repository).lexically_normal().string();
  return reference;
}

registry::Reference Session::reference(const std::string& text) {
  const auto name = text.substr(0, text.find_first_of(":@"));
  const bool bare = text.find('/') == std::string::npos && text.rfind("oci:", 0) != 0;
  if (bare && name != "localhost") {
    if (workspace().recipes.count(name) == 0)
      throw no_image(text, name, workspace());
    auto reference = home(name);
    const auto rest = registry::Reference::parse("localhost/" + text);
    reference.tag = rest.tag;
    reference.digest = rest.digest;
    return reference;
  }
  auto reference = registry::Reference::parse(text);
  if (reference.layout)
    reference.repository = (directory() / reference.repository).lexically_normal().string();
  return reference;
}

registry::Reference Session::destination(const std::string& text) {
  auto out = reference(text);
  if (out.digest)
    throw Error(Kind::usage, cat("'", printable(text), "' names a digest: that is no place"))
        .hint("leave out '@' and what follows: an image has the digest that it has");
  return out;
}

trust::PublicKey Session::public_key(const std::string& file, std::string_view otherwise) {
  if (!file.empty()) {
    const auto path = directory() / file;
    return trust::PublicKey::parse(read_file(path, kMaxKeyBytes), path.string());
  }
  const auto other = signing_key(otherwise);
  const auto path = public_half(other);
  return trust::PublicKey::parse(read_key(path, other, otherwise), path.string());
}

trust::PrivateKey Session::private_key(const std::string& file, std::string_view otherwise) {
  if (!file.empty()) {
    const auto path = directory() / file;
    return parse_private_key(read_file(path, kMaxKeyBytes), path);
  }
  const auto path = signing_key(otherwise);
  return parse_private_key(read_key(path, public_half(path), otherwise), path);
}

std::filesystem::path Session::signing_key(std::string_view otherwise) {
  const auto& key = workspace().config.signing_key;
  if (key.empty())
    throw Error(Kind::input, "no key is named: cullet.yaml has no `signing: { key: … }`")
        .hint(cat("add `signing: { key: keys/release.pem }` to cullet.yaml and run "
                  "`cullet key new`, or ",
                  otherwise));
  return workspace().root / key;
}

std::optional<trust::PublicKey> Session::attestation_public_key() {
  const auto& key = workspace().config.attestation_key;
  if (key.empty())
    return std::nullopt;
  const auto path = public_half(workspace().root / key);
  const auto text = find_file(path, kMaxKeyBytes);
  if (!text)
    return std::nullopt;
  auto found = trust::PublicKey::parse(*text, path.string());
  if (found == public_key(""))
    throw Error(Kind::input, "the attestation key is the release key under another name")
        .detail(path.string())
        .hint("make one of its own: `cullet key new` makes what cullet.yaml names");
  return found;
}

trust::PrivateKey Session::attestation_private_key() {
  const auto path = workspace().root / workspace().config.attestation_key;
  return parse_private_key(read_key(path, public_half(path), "build with --no-attest"), path);
}

bool Session::has_private_key() {
  const auto& key = workspace().config.signing_key;
  return !key.empty() && is_there(workspace().root / key, true);
}

bool Session::has_attestation_private_key() {
  const auto& key = workspace().config.attestation_key;
  return !key.empty() && is_there(workspace().root / key, true);
}

trust::PrivateKey Session::parse_private_key(const std::string& pem,
                                             const std::filesystem::path& path) {
  return trust::PrivateKey::parse(
      pem, [&] { return passphrase(cat("passphrase of ", path.string()), false); }, path.string());
}

void Session::print(const Json& record) {
  // Text of others is escaped where it enters a record; where it was not, a mark in its place is
  // better than no record of what was done.
  environment_.out << record.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

}  // namespace cullet::cli
