// GOST R 34.10 keys of PKCS#11 as X.509 has them (RFC 4491, RFC 9215), and their curves by name.
#pragma once

#include <optional>
#include <string>

#include "tools/client/session.h"
#include "tools/x509/gost_algorithm.h"

namespace kilt::tool {

/// DER of one value: tag, length, contents.
Bytes der_value(Byte tag, BytesView contents);

/// SubjectPublicKeyInfo. `parameter_type` is V_ASN1_NULL, V_ASN1_OBJECT (parameters: DER OBJECT
/// IDENTIFIER) or V_ASN1_SEQUENCE (parameters: DER SEQUENCE). Throws Failure.
Bytes make_spki(const std::string& algorithm, int parameter_type, const Bytes& parameters,
                const Bytes& key);

/// CKK_GOSTR3410, or TC 26's number for keys of 512 bits.
bool is_gost(CK_KEY_TYPE type) noexcept;

/// From CKA_VALUE, CKA_GOSTR3410_PARAMS and CKA_GOSTR3411_PARAMS of a public key; empty if they do
/// not suffice.
Bytes gost_spki(const Values& values);

/// "A", "B", "C" for the DER OBJECT IDENTIFIER of a CryptoPro curve; empty for others.
std::string gost_curve_name(const Bytes& parameters);
/// DER OBJECT IDENTIFIER of curve "A", "B" or "C".
std::optional<Bytes> gost_curve(const std::string& name);
/// DER OBJECT IDENTIFIER of the CryptoPro parameter set of GOST R 34.11-94.
Bytes gost_hash_parameters();
}  // namespace kilt::tool
