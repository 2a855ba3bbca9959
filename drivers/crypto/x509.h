// The little that this module wants to know of X.509 certificates; parsed by OpenSSL.
#pragma once

#include <optional>
#include <string>

#include "apdu/bytes.h"
#include "drivers/crypto/keys.h"

namespace kilt::x509 {

/// The bytes are one DER certificate, whole.
[[nodiscard]] bool is_certificate(BytesView der);
/// Contents of subjectPublicKey's BIT STRING, empty if the bytes are no certificate.
[[nodiscard]] Bytes public_key_bits(BytesView der);
/// The fields of a certificate that PKCS#11 and drivers want, each in DER.
struct Fields {
  Bytes subject, issuer, serial;
  PublicKey public_key;
  Bytes public_key_info;  ///< SubjectPublicKeyInfo
};
/// Nothing if the bytes are no certificate.
[[nodiscard]] std::optional<Fields> fields(BytesView der);
/// The subject's RSA, EC (named curve) or GOST key; std::monostate for any other kind, or if the
/// bytes are no certificate.
[[nodiscard]] PublicKey public_key(BytesView der);
/// SHA-1 of those contents (RFC 5280, 4.2.1.2).
[[nodiscard]] Bytes key_identifier(BytesView der);
/// The subject's common name in UTF-8, empty if there is none.
[[nodiscard]] std::string common_name(BytesView der);

}  // namespace kilt::x509
