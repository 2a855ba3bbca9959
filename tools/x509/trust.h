// Certificate chains.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "tools/x509/openssl.h"

namespace kilt::tool {

/// A store of trusted certificates, for OpenSSL.
using StorePtr = Owned<X509_STORE, X509_STORE_free>;
StorePtr make_store(const std::vector<Bytes>& trusted);

struct Chain {
  std::vector<Bytes> certificates;  ///< the certificate itself first, the trusted one last
  std::string text;                 ///< the names above the first, for people
};

/// From the certificate up to a trusted one. With `at` each of them must be valid then; purpose is
/// not checked here. Throws Failure(kBadInput) if there is no such chain.
Chain check_chain(BytesView certificate, const std::vector<Bytes>& trusted,
                  const std::vector<Bytes>& intermediate,
                  std::optional<std::time_t> at = std::nullopt);

/// Both are by the same CA: the same issuer, and the same key of it where both name one
/// (authorityKeyIdentifier). Names alone, which can be forged; no signature is checked.
bool same_issuer(BytesView one, BytesView other);

}  // namespace kilt::tool
