// SPDX-License-Identifier: Apache-2.0
#include "cullet/workspace/policy.hpp"

#include "cullet/base/glob.hpp"
#include "cullet/base/text.hpp"

#include "fields.hpp"
#include "scalars.hpp"
#include "values.hpp"

namespace cullet::workspace {
namespace {

constexpr auto kOptional = Presence::optional;
constexpr auto kRequired = Presence::required;

const std::vector<std::string> kStatementNames{
    "provenance", "sbom", "spdx", "cyclonedx", "vex", "vsa"};

bool is_host_pattern(std::string_view host) {
  if (host.starts_with("*."))
    host.remove_prefix(2);
  const auto lower = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !host.empty() && lower(host.front()) && lower(host.back()) &&
         host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == host.npos;
}

bool is_port(std::string_view text) {
  const auto port = parse_number(text);
  return port && *port > 0 && *port <= 65535 && text.front() != '0';
}

/// "git.example.com" or "https://git.example.com:8443/forks/**", in lower case up to the path.
std::string read_fork_url(const Node& node) {
  constexpr std::string_view kExpected =
      "a host, or SCHEME://HOST[:PORT][/PATH] with SCHEME https, ssh, http or git, in lower case";
  auto text = read_line(node);
  std::string_view rest = text;
  if (const auto scheme = rest.find("://"); scheme != rest.npos) {
    const auto name = rest.substr(0, scheme);
    if (name != "https" && name != "ssh" && name != "http" && name != "git")
      reject(node, kExpected);
    rest.remove_prefix(scheme + 3);
    const auto slash = rest.find('/');
    if (slash != rest.npos && slash + 1 < rest.size())
      try {
        const Glob path(rest.substr(slash + 1));
      } catch (const Error& error) {
        throw error_at(node.at(), error.message());
      }
    rest = rest.substr(0, slash);
    if (const auto colon = rest.find(':'); colon != rest.npos) {
      if (!is_port(rest.substr(colon + 1)))
        reject(node, kExpected);
      rest = rest.substr(0, colon);
    }
  }
  if (!is_host_pattern(rest))
    reject(node, kExpected);
  return text;
}

/// "36h" or "90d"; in seconds.
std::uint64_t read_age(const Node& node) {
  constexpr std::string_view kExpected = "a time up to 3650d, as 36h or 90d";
  constexpr std::uint64_t kHour = 3600, kDay = 24 * kHour;
  if (node.type != Node::Type::scalar || node.scalar.size() < 2)
    reject(node, kExpected);
  const std::string_view text = node.scalar;
  const auto count = parse_number(text.substr(0, text.size() - 1));
  const auto unit = text.back() == 'd' ? kDay : kHour;
  if (!count || *count == 0 || *count > 3650 * kDay / unit ||
      (text.back() != 'd' && text.back() != 'h'))
    reject(node, kExpected);
  return *count * unit;
}

/// One of the names, or a URI; a word that looks like a name is rather that one misspelt.
std::string read_statement(const Node& node) {
  auto text = read_line(node);
  if (std::find(kStatementNames.begin(), kStatementNames.end(), text) != kStatementNames.end())
    return text;
  if (text.find(':') == std::string::npos)
    throw unknown_word(
        node.at(), cat("'", text, "' is no kind of statement"), text, kStatementNames);
  return read_uri(node);
}

constexpr std::uint32_t kLastAssembly = 1'000'000;

constexpr Field<Policy> kSignatures[] = {
    {"release",
     kRequired,
     [](const Node& n, Policy& p) { p.release_keys = read_filled_set(n, read_line); }},
    {"attestations",
     kOptional,
     [](const Node& n, Policy& p) { p.attestation_keys = read_filled_set(n, read_line); }},
};

void read_signatures(const Node& node, Policy& policy) {
  read_fields(node, "'signatures'", kSignatures, policy);
  for (const auto& key : policy.attestation_keys)
    if (std::find(policy.release_keys.begin(), policy.release_keys.end(), key) !=
        policy.release_keys.end())
      throw error_at(node.at(), cat("'", key, "' is a key of releases and of attestations"))
          .hint("cosign takes any statement by a release key for a signature of the image");
}

constexpr Field<Policy::Forks> kForks[] = {
    {"urls",
     kOptional,
     [](const Node& n, Policy::Forks& f) { f.urls = read_filled_set(n, read_fork_url); }},
    {"imports", kOptional, [](const Node& n, Policy::Forks& f) { f.imports = read_boolean(n); }},
};

constexpr std::uint32_t kMostRebuilders = 100;

constexpr Field<Policy::Rebuilders> kRebuilders[] = {
    {"keys",
     kRequired,
     [](const Node& n, Policy::Rebuilders& r) { r.keys = read_filled_set(n, read_line); }},
    {"at_least",
     kOptional,
     [](const Node& n, Policy::Rebuilders& r) { r.at_least = read_number(n, 1, kMostRebuilders); }},
};

void read_rebuilders(const Node& node, Policy& policy) {
  auto& rebuilders = policy.rebuilders.emplace(Policy::Rebuilders());
  read_fields(node, "'rebuilders'", kRebuilders, rebuilders);
  if (rebuilders.at_least > rebuilders.keys.size())
    throw error_at(find(node, "at_least")->at(),
                   cat("'at_least' asks for more than the ", rebuilders.keys.size(), " of 'keys'"));
}

constexpr Field<Policy> kPatches[] = {
    {"expire", kRequired, [](const Node& n, Policy& p) { p.patches_expire = read_boolean(n); }},
};

void read_versions(const Node& node, std::map<std::string, std::string>& into) {
  read_map(node, into, read_package, read_version);
}

constexpr Field<Policy> kPolicy[] = {
    {"signatures", kRequired, read_signatures},
    {"builders",
     kOptional,
     [](const Node& n, Policy& p) { p.builders = read_filled_set(n, read_uri); }},
    {"recipes",
     kOptional,
     [](const Node& n, Policy& p) { p.recipes = read_filled_set(n, read_name); }},
    {"assembly",
     kOptional,
     [](const Node& n, Policy& p) {
       p.assembly = read_filled_list(
           n, [](const Node& item) { return read_number(item, 1, kLastAssembly); });
     }},
    {"forks",
     kOptional,
     [](const Node& n, Policy& p) {
       read_fields(n, "'forks'", kForks, p.forks.emplace(Policy::Forks()));
     }},
    {"patches",
     kOptional,
     [](const Node& n, Policy& p) { read_fields(n, "'patches'", kPatches, p); }},
    {"fixed",
     kOptional,
     [](const Node& n, Policy& p) {
       read_map(n, p.fixed, read_advisory, [](const Node& versions) {
         std::map<std::string, std::string> since;
         read_versions(versions, since);
         return since;
       });
     }},
    {"packages", kOptional, [](const Node& n, Policy& p) { read_versions(n, p.at_least); }},
    {"max_age", kOptional, [](const Node& n, Policy& p) { p.max_age = read_age(n); }},
    {"statements",
     kOptional,
     [](const Node& n, Policy& p) { p.statements = read_filled_set(n, read_statement); }},
    {"rebuilders", kOptional, read_rebuilders},
};

}  // namespace

bool Policy::reads_statements() const {
  return !builders.empty() || !recipes.empty() || !assembly.empty() || forks || patches_expire ||
         !fixed.empty() || !at_least.empty() || max_age || !statements.empty() || rebuilders;
}

Policy parse_policy(std::string_view text, const std::string& file) {
  const auto document = parse_document(text, file);
  Policy policy;
  read_fields(document, "a policy", kPolicy, policy);
  if (policy.attestation_keys.empty() && policy.reads_statements())
    throw error_at(find(document, "signatures")->at(), "'signatures' needs 'attestations' here")
        .detail("only a statement by a key that is named can show that the other rules hold");
  return policy;
}

}  // namespace cullet::workspace
