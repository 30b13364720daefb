// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "cullet/workspace/name.hpp"

#include "document.hpp"

namespace cullet::workspace {

/// Each reads one scalar or throws Kind::input with its position and what was expected.

/// What is_name() takes.
std::string read_name(const Node& node);
/// "zlib" or "zlib:dev".
OutputRef read_output_ref(const Node& node);

/// A path inside an image or environment, without the leading '/' that it may be written with.
std::string read_inner_path(const Node& node);
/// As read_inner_path(), but with the leading '/'; the root itself is "/".
std::string read_absolute_path(const Node& node);
/// A path that stays inside the workspace.
std::string read_workspace_path(const Node& node);
/// As read_workspace_path(), or an absolute path: secrets are mounted outside of workspaces.
std::string read_key_path(const Node& node);
std::string read_uri(const Node& node);
std::string read_glob(const Node& node);

/// A URL or path that git clones from.
std::string read_git_url(const Node& node);
/// Where an archive comes from (struct Archive).
std::string read_archive_origin(const Node& node);
/// The base URL of a Debian mirror, without a '/' at the end.
std::string read_mirror(const Node& node);
/// "oci:PATH" or "host[:port]/prefix".
std::string read_registry(const Node& node);
/// "oci:PATH" or "host[:port]/name".
std::string read_repository(const Node& node);
/// A tag as the distribution specification has it, with "{version}" in it or not.
std::string read_tag(const Node& node);
/// The same with "{n}" in it once, and a letter, so that no version can be taken for it.
std::string read_numbered_tag(const Node& node);
std::string read_version(const Node& node);

std::string read_package(const Node& node);
std::string read_suite(const Node& node);
std::string read_advisory(const Node& node);
std::string read_environment_name(const Node& node);

/// "uid:gid".
std::pair<std::uint32_t, std::uint32_t> read_owner(const Node& node);
/// "101:101", "101", "nginx" or "nginx:www".
std::string read_user(const Node& node);
/// "80/tcp", "53/udp"; "80" is "80/tcp".
std::string read_port(const Node& node);
std::string read_signal(const Node& node);

}  // namespace cullet::workspace
