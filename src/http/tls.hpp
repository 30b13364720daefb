// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cullet/http/client.hpp"
#include "cullet/http/url.hpp"

namespace cullet::http {

/// How to speak TLS with one host: what Options and certs.d directories say about it.
struct HostTls {
  std::string ca_file;    ///< trusted instead of the system's; empty: the system's
  std::string ca_bundle;  ///< PEM text that counts instead of ca_file; empty: none
  std::string certificate, key;
};

/// Throws Kind::input for a certs.d directory that can't be meant so: a certificate without a key.
HostTls find_tls(const Options& options, const Url& url);

}  // namespace cullet::http
