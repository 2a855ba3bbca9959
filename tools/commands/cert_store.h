// Certificates put on the token, beside their keys.
#pragma once

#include <optional>
#include <string>

#include "tools/commands/context.h"

namespace kilt::tool {

/// Writes the certificate; id and label as given. The user is logged in. Throws Failure.
CK_OBJECT_HANDLE write_certificate(Session& session, const CertificateInfo& certificate,
                                   const Bytes& id, const std::string& label);

/// The same certificate is already there.
const CertificateView* find_same(const Inventory& inventory, BytesView der);

/// Throws Failure(kBadInput) for a certificate that is expired or whose validity is not yet.
void check_validity(const CertificateInfo& certificate);

}  // namespace kilt::tool
