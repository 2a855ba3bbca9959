// The little that drivers want to know of X.509 certificates; parsed by OpenSSL.
#pragma once

#include <optional>
#include <string>

#include "apdu/bytes.h"
#include "drivers/objects.h"

namespace kilt::x509 {

/// The bytes are one DER certificate, whole.
[[nodiscard]] bool is_certificate(BytesView der);
/// Contents of subjectPublicKey's BIT STRING, empty if the bytes are no certificate.
[[nodiscard]] Bytes public_key_bits(BytesView der);
/// Names and number of a certificate, each in DER.
struct Names {
  Bytes subject, issuer, serial;
};
/// Nothing if the bytes are no certificate.
[[nodiscard]] std::optional<Names> names(BytesView der);
/// The subject's RSA or EC key over a named curve; std::monostate for any other kind, or if the
/// bytes are no certificate.
[[nodiscard]] PublicKey public_key(BytesView der);
/// SHA-1 of those contents (RFC 5280, 4.2.1.2).
[[nodiscard]] Bytes key_identifier(BytesView der);
/// The subject's common name in UTF-8, empty if there is none.
[[nodiscard]] std::string common_name(BytesView der);

}  // namespace kilt::x509
