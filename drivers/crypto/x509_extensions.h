// Extensions of certificates that files and tools look at.
#pragma once

#include "apdu/bytes.h"

namespace kilt::x509 {

/// basicConstraints says CA.
[[nodiscard]] bool is_authority(BytesView der);
/// The subject key identifier that stands in the certificate; empty if there is none.
[[nodiscard]] Bytes subject_key_identifier(BytesView der);

}  // namespace kilt::x509
