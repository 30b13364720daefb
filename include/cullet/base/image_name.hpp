// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace cullet {

/// The grammar of image names: HOST[:PORT]/COMPONENT[/COMPONENT…][:TAG]. Components and tags are as
/// distribution-spec, "Pulling manifests", has them; hosts are RFC 1123 names, IPv4 addresses and
/// bracketed IPv6 ones.

/// Whether the part before the first '/' names a registry, as container tools tell it from a
/// repository's first component: "localhost", or anything with a dot or a colon.
bool names_registry(std::string_view first);

bool is_registry_host(std::string_view text);

/// Lower-case letters and digits, joined by one of . _ __ or any number of -.
bool is_repository_component(std::string_view text);

/// Up to 128 letters, digits, '_', '.' and '-', none of the last two at the beginning.
bool is_tag(std::string_view text);

}  // namespace cullet
