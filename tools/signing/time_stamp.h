// Time stamps (RFC 3161) from a service on the network.
#pragma once

#include <functional>
#include <string>

#include "tools/x509/openssl.h"

namespace kilt::tool {

struct StampQuestion {
  std::string digest_oid;  ///< of the imprint, with NULL parameters
  Bytes imprint;
  std::string policy;  ///< dotted; empty: the service's own
};

/// Sends a request to the service, gives its answer. Throws Failure.
using Post = std::function<Bytes(const std::string& url, BytesView request)>;

/// The time stamp token, a DER ContentInfo, whose imprint and nonce are those that were asked for.
/// Its signature is not verified here. Throws Failure(kBadInput): no such answer.
Bytes time_stamp(const std::string& url, const StampQuestion& question, const Post& post);

/// POST over HTTP by libcurl: application/timestamp-query, fifteen seconds at most, no
/// redirections, an answer of at most 256 KiB. Throws Failure(kBadInput).
Bytes post_by_http(const std::string& url, BytesView request);

}  // namespace kilt::tool
