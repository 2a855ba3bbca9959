// Chains of certificates that are signed by GOST, which OpenSSL cannot check.
#pragma once

#include <ctime>
#include <optional>
#include <vector>

#include "tools/x509/trust.h"

namespace kilt::tool {

/// The certificate's signature is one of GOST's.
bool is_signed_by_gost(BytesView certificate);

/// check_chain() by names and signatures, both: from the certificate up to a trusted one.
/// Certificates in between must be a CA's; with `at` each must be valid then. Throws
/// Failure(kBadInput) if there is no such chain.
Chain check_gost_chain(BytesView certificate, const std::vector<Bytes>& trusted,
                       const std::vector<Bytes>& intermediate, std::optional<std::time_t> at);

}  // namespace kilt::tool
