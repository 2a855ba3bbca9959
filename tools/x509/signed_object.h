// What a CA signs, all of one form: certificates, CRLs and the basic OCSP response are a SEQUENCE
// of the signed part, an AlgorithmIdentifier and a BIT STRING (RFC 5280, 4.1.1 and 5.1.1; RFC 6960,
// 4.2.1).
#pragma once

#include <string>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// Dotted OID of the algorithm that the object is signed by; empty: it is none.
std::string signed_with(BytesView der);

/// The object's signature was made by the key of this DER SubjectPublicKeyInfo, over the bytes as
/// they stand: GOST, RSA or EC. False where the algorithm is not known, or is of MD5 or SHA-1.
bool is_signed_by(BytesView der, BytesView issuer_spki);

}  // namespace kilt::tool
