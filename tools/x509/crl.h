// CRLs (RFC 5280, 5), whole and delta.
#pragma once

#include <memory>

#include "tools/x509/revocation.h"

namespace kilt::tool {

/// Of DER or PEM. Throws Failure(kBadInput).
std::unique_ptr<RevocationSource> read_crl(const Bytes& file);

}  // namespace kilt::tool
