// CRLs and OCSP answers fetched from where a certificate says that its CA gives them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/x509/revocation.h"

namespace kilt::tool {

/// Asks the CA's OCSP responder; where that gives no answer, fetches its CRLs. The certificate's
/// chain was verified: its addresses are the CA's. What went wrong is put into `troubles`, one line
/// each. Never throws for a service that does not answer.
std::vector<std::unique_ptr<RevocationSource>> fetch_revocation(const RevocationQuestion& question,
                                                                std::vector<std::string>& troubles);

}  // namespace kilt::tool
