// SPDX-License-Identifier: Apache-2.0
#include "fields.hpp"
#include "scalars.hpp"
#include "values.hpp"

namespace cullet::workspace {
namespace {

constexpr auto kOptional = Presence::optional;
constexpr auto kRequired = Presence::required;

constexpr Field<Environment> kEnvironment[] = {
    {"debian", kRequired, [](const Node& n, Environment& e) { e.suite = read_suite(n); }},
    {"packages",
     kRequired,
     [](const Node& n, Environment& e) {
       e.packages = read_filled_set(n, read_package);
       e.packages_at = positions(n);
     }},
    {"links",
     kOptional,
     [](const Node& n, Environment& e) { read_map(n, e.links, read_inner_path, read_line); }},
};

constexpr Field<Config> kSigning[] = {
    {"key", kRequired, [](const Node& n, Config& c) { c.signing_key = read_key_path(n); }},
    {"attestations",
     kOptional,
     [](const Node& n, Config& c) { c.attestation_key = read_key_path(n); }},
};

/// One key for both would release an image with any statement about it: cosign takes whatever
/// bundle of a key it finds for a signature.
void read_signing(const Node& node, Config& config) {
  read_fields(node, "'signing'", kSigning, config);
  if (config.attestation_key.empty())
    config.attestation_key =
        std::filesystem::path(config.signing_key).replace_filename("attest.pem").string();
  if (config.attestation_key == config.signing_key)
    throw error_at(node.at(), "attestations need another key than releases")
        .hint("cosign takes any statement by the release key for a signature of the image");
}

constexpr Field<Config> kBreakGlass[] = {
    {"tag", kRequired, [](const Node& n, Config& c) { c.break_glass_tag = read_numbered_tag(n); }},
};

constexpr Field<Config> kInputs[] = {
    {"keep", kOptional, [](const Node& n, Config& c) { c.keep_inputs = read_boolean(n); }},
    {"repository", kOptional, [](const Node& n, Config& c) { c.inputs = read_repository(n); }},
};

constexpr Field<Config> kConfig[] = {
    {"registry", kOptional, [](const Node& n, Config& c) { c.registry = read_registry(n); }},
    {"signing", kOptional, read_signing},
    {"builder", kOptional, [](const Node& n, Config& c) { c.builder = read_uri(n); }},
    {"mirrors",
     kOptional,
     [](const Node& n, Config& c) { c.mirrors = read_filled_set(n, read_mirror); }},
    {"break_glass",
     kOptional,
     [](const Node& n, Config& c) { read_fields(n, "'break_glass'", kBreakGlass, c); }},
    {"inputs", kOptional, [](const Node& n, Config& c) { read_fields(n, "'inputs'", kInputs, c); }},
    {"environments",
     kOptional,
     [](const Node& n, Config& c) {
       read_map(n, c.environments, read_name, [](const Node& value) {
         Environment environment;
         environment.name = value.label;
         environment.at = value.at();
         read_fields(value, "an environment", kEnvironment, environment);
         return environment;
       });
     }},
};

}  // namespace

Config parse_config(std::string_view text, const std::string& file) {
  const auto document = parse_document(text, file);
  Config config;
  config.registry = "oci:.cullet/registry";
  config.builder = kWorkstation;
  read_fields(document, "cullet.yaml", kConfig, config);
  return config;
}

}  // namespace cullet::workspace
