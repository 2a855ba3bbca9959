// Certificate chains.
#pragma once

#include <string>
#include <vector>

#include "tools/openssl.h"

namespace kilt::tool {

/// A store of trusted certificates, for OpenSSL.
using StorePtr = Owned<X509_STORE, X509_STORE_free>;
StorePtr make_store(const std::vector<Bytes>& trusted);

/// The names from the certificate up to a trusted one, for people. Time and purpose are not looked
/// at here. Throws Failure(kBadInput) if there is no such chain, or OpenSSL lacks its algorithm.
std::string check_chain(BytesView certificate, const std::vector<Bytes>& trusted,
                        const std::vector<Bytes>& intermediate);

}  // namespace kilt::tool
