// SPDX-License-Identifier: Apache-2.0
#include "transport.hpp"

#include "cullet/base/text.hpp"

#include "fetch.hpp"

namespace cullet::source {

int open_transport(git_transport** out, git_remote* owner, void* payload) {
  auto& wire = *static_cast<Wire*>(payload);
  const bool http = wire.location.type == Location::Type::http;
  git_smart_subtransport_definition definition{
      http ? new_http_subtransport : new_ssh_subtransport, http ? 1U : 0U, &wire};
  return git_transport_smart(out, owner, &definition);
}

void count_listed(Wire& wire, std::size_t bytes) {
  wire.listed += bytes;
  if (wire.listed > kMostAdvertised)
    throw Error(Kind::machine,
                cat(wire.location.url,
                    " lists its references without end: more than ",
                    human_size(kMostAdvertised)))
        .hint("is it the right repository? one that is a mirror of it, with fewer, will do");
}

void refuse_sha256(std::string_view advertisement, const Location& location) {
  if (advertisement.find("object-format=sha256") != advertisement.npos)
    throw Error(Kind::input,
                cat(location.url, " is a SHA-256 repository, which libgit2 can't read"))
        .hint("use a SHA-1 repository, or import an archive");
}

}  // namespace cullet::source
