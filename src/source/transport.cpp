// SPDX-License-Identifier: Apache-2.0
#include "transport.hpp"

namespace cullet::source {

int open_transport(git_transport** out, git_remote* owner, void* payload) {
  auto& wire = *static_cast<Wire*>(payload);
  const bool http = wire.location.type == Location::Type::http;
  git_smart_subtransport_definition definition{
      http ? new_http_subtransport : new_ssh_subtransport, http ? 1U : 0U, &wire};
  return git_transport_smart(out, owner, &definition);
}

void refuse_sha256(std::string_view advertisement, const Location& location) {
  if (advertisement.find("object-format=sha256") != advertisement.npos)
    throw Error(Kind::input,
                cat(location.url, " is a SHA-256 repository, which libgit2 can't read"))
        .hint("use a SHA-1 repository, or import an archive");
}

}  // namespace cullet::source
