// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cullet/base/digest.hpp"

namespace cullet::workspace {

/// Where in a YAML file a value stands; lines and columns count from 1. For errors.
struct Position {
  std::string file;  ///< relative to the workspace
  int line = 0;
  int column = 0;
  [[nodiscard]] std::string str() const;  ///< "recipes/zlib.yaml:7:3"
};

/// `import:` of a fork, or an archive that a patch is taken from: bytes by SHA-256 and where to
/// find them. `from` entries are tried in order: "debian-source" (`path` below every Debian mirror
/// that is configured), an http(s):// or file:// URL (the archive itself), or a path in the
/// workspace.
struct Archive {
  std::string name;  ///< the file's name, for messages
  Sha256 sha256;
  std::optional<std::uint64_t> size;  ///< in bytes, where the file states it
  /// A pool path, as "pool/main/z/zlib/x.tar.bz2". With "debian-source" never empty: where the file
  /// doesn't state it, it follows from a name that begins with "SOURCE_".
  std::string path;
  std::vector<std::string> from;
  Position at;
};

/// One patch of a fork's series, from exactly one of three places.
struct Patch {
  struct File {
    std::string path;  ///< relative to forks/
  };
  struct Commit {
    std::string id;  ///< 40 hex digits, a commit of the fork's own history
  };
  struct Member {
    Archive archive;
    std::string path;  ///< inside the archive
  };
  std::variant<File, Commit, Member> from;
  int strip = 1;                        ///< leading path components to drop, as patch -p
  std::vector<std::string> fixes;       ///< CVE-… and the like
  std::string reason;                   ///< never empty
  std::string by;                       ///< who added it; may be empty
  std::string added;                    ///< date, YYYY-MM-DD
  std::optional<std::int64_t> expires;  ///< seconds since the epoch
  std::optional<Sha256> sha256;         ///< what the patch's text must hash to
  std::vector<std::string> picked;      ///< 40 hex digits each: the upstream commits it came from
  Position at;

  /// How listings and errors name it: the file, commit or member.
  [[nodiscard]] std::string name() const;
};

struct Fork {
  std::string name;
  std::string upstream;                      ///< git URL
  std::map<std::string, std::string> track;  ///< {tags: "v*"} or {branch: main}
  std::string url;  ///< git URL our fork is cloned from; empty: `import` is the origin
  std::optional<Archive> import;
  std::string commit;   ///< the pin: 40 hex digits
  std::string version;  ///< of the pin; may be empty
  std::vector<Patch> patches;
  Position at;
};

struct Step {
  std::string run;  ///< a script for /bin/sh -e
  std::optional<std::uint32_t> timeout_seconds;
  Position at;
};

/// A command that is tried in the assembled image: a program of the image itself, or a script.
struct TestStep {
  std::vector<std::string> exec;  ///< program and arguments; or
  std::string run;                ///< a script for `tools`' /bin/sh -e, or the image's own
  std::string tools;              ///< an environment of static programs, such as busybox-static
  std::optional<std::uint32_t> timeout_seconds;
  Position at;

  /// What a listing shows: the first line of the script, or the program with its arguments.
  [[nodiscard]] std::string title() const;
};

/// What a step may use. 0 means the default of the sandbox.
struct StepLimits {
  std::uint32_t timeout_seconds = 0;
  std::uint64_t output_bytes = 0;  ///< of $OUT
  std::uint32_t processes = 0;
  std::uint64_t memory_bytes = 0;
};

/// "zlib:dev", or "pcre2" for the whole component.
struct OutputRef {
  std::string recipe;
  std::string output;  ///< empty: all
  Position at;
  [[nodiscard]] std::string str() const { return output.empty() ? recipe : recipe + ":" + output; }
};

/// Distribution packages as a layer of an image, with what they depend on unless told otherwise.
struct PackageSet {
  std::vector<std::string> packages;
  std::vector<Position> packages_at;  ///< beside `packages`
  bool dependencies = true;
  std::vector<std::string> exclude;  ///< globs of what an image does not need of them
  Position at;
};

using Content = std::variant<OutputRef, PackageSet>;

struct ImageFile {
  std::string path;  ///< without the leading '/'
  enum class Type { file, directory, symlink } type = Type::file;
  std::string text;    ///< of a file
  std::string target;  ///< of a symlink
  std::uint32_t mode = 0644;
  std::uint32_t uid = 0, gid = 0;
  Position at;
};

struct ImageConfig {
  std::vector<std::string> entrypoint, cmd;
  std::map<std::string, std::string> env;
  std::string user;  ///< "101:101"
  std::string working_dir;
  std::vector<std::string> ports;  ///< "80/tcp"
  std::vector<std::string> volumes;
  std::string stop_signal;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

struct ImageSpec {
  std::vector<Content> contents;               ///< one layer each
  std::vector<ImageFile> files;                ///< one layer, the last
  std::map<std::string, std::uint32_t> modes;  ///< setuid and the like, by path
  std::map<std::string, std::pair<std::uint32_t, std::uint32_t>> owners;  ///< uid, gid by path
  ImageConfig config;
  std::vector<std::string> tags;  ///< "{version}" is replaced; default: ["{version}"]
  std::string compression;        ///< "zstd" (default) or "gzip"
  std::vector<TestStep> test;
  Position at;
};

struct Recipe {
  std::string name;
  std::string fork;  ///< empty: no component, image only
  std::string environment;
  std::vector<OutputRef> needs;
  std::map<std::string, std::string> env;
  std::vector<Step> steps;
  std::vector<Step> check;
  StepLimits limits;
  std::map<std::string, std::vector<std::string>> outputs;  ///< globs by output name
  std::map<std::string, std::uint32_t> modes;               ///< declared setuid and setgid, by path
  std::optional<ImageSpec> image;
  Position at;
  Position fork_at, environment_at;  ///< where those two are named
};

/// A distribution environment: packages that steps run in, and links that the packages' maintainer
/// scripts would have made (they don't run): path → target.
struct Environment {
  std::string name;
  std::string suite;  ///< "bookworm"
  std::vector<std::string> packages;
  std::vector<Position> packages_at;  ///< beside `packages`
  std::map<std::string, std::string> links;
  Position at;
};

/// `builder` of a workspace that names none: any machine that somebody can log in to.
inline constexpr std::string_view kWorkstation = "urn:cullet:builder:workstation";

/// cullet.yaml.
struct Config {
  std::string registry;         ///< "oci:PATH" or "host[:port]/prefix"
  std::string signing_key;      ///< path relative to the workspace; empty: not signed
  std::string attestation_key;  ///< likewise; with a signing_key by default "attest.pem" beside
                                ///< it, and never the same file
  std::string builder;          ///< URI of who builds, as provenance names it (builder.id)
  std::vector<std::string> mirrors;  ///< Debian mirrors; empty: the machine's apt configuration
  /// Of an image with patches: "{version}" is replaced, and "{n}" counts up.
  std::string break_glass_tag = "{version}-bg.{n}";
  bool keep_inputs = false;  ///< as `cullet build --keep-inputs`
  std::string inputs;        ///< "oci:PATH" or "host[:port]/name": a repository that inputs
                             ///< are kept in, too, and looked for before upstream is asked
  std::map<std::string, Environment> environments;
};

/// Everything a workspace says. Names in maps are the file names without ".yaml".
struct Workspace {
  std::filesystem::path root;  ///< absolute
  Config config;
  std::map<std::string, Fork> forks;
  std::map<std::string, Recipe> recipes;
  /// cullet.yaml, cullet.lock (where there is one), forks/NAME.yaml and recipes/NAME.yaml, by path,
  /// as they were read: what is said and kept of a build is what it was made from, whatever is
  /// written to the files meanwhile.
  std::map<std::string, std::string> files;
};

/// The nearest directory at or above `from` that holds cullet.yaml; throws Kind::input, hinting at
/// `cullet init`.
std::filesystem::path find_root(const std::filesystem::path& from);

/// Reads cullet.yaml, cullet.lock, forks/*.yaml and recipes/*.yaml; the lock as text only
/// (environment::lock_of()). Throws Kind::input with file, line and
/// column for malformed YAML, unknown keys (suggesting the nearest), duplicate keys, wrong types,
/// anchors and aliases, files over 1 MiB, and references to forks, environments, recipes or outputs
/// that don't exist (suggesting the nearest). Of several errors, the first by file name.
Workspace load(const std::filesystem::path& root, unsigned threads = 1);

/// Parsing of one file each, for load() and for tests; `file` is for positions.
Config parse_config(std::string_view text, const std::string& file);
Fork parse_fork(std::string_view text, const std::string& file, const std::string& name);
Recipe parse_recipe(std::string_view text, const std::string& file, const std::string& name);

/// The JSON Schema (draft 2020-12) of a file kind: "cullet", "fork", "policy" or "recipe".
std::string_view schema(std::string_view kind);

}  // namespace cullet::workspace
