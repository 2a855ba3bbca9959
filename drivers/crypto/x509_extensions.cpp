#include "drivers/crypto/x509_extensions.h"

#include <openssl/x509v3.h>

#include "drivers/crypto/openssl.h"

namespace kilt::x509 {
namespace {

crypto::X509Ptr parse(BytesView der) {
  const Byte* at = der.data();
  return crypto::X509Ptr(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

}  // namespace

bool is_authority(BytesView der) {
  const auto certificate = parse(der);
  if (!certificate) return false;
  using Constraints = std::unique_ptr<BASIC_CONSTRAINTS, crypto::Deleter<BASIC_CONSTRAINTS_free>>;
  const Constraints constraints(static_cast<BASIC_CONSTRAINTS*>(
      X509_get_ext_d2i(certificate.get(), NID_basic_constraints, nullptr, nullptr)));
  return constraints && constraints->ca != 0;
}

Bytes subject_key_identifier(BytesView der) {
  const auto certificate = parse(der);
  if (!certificate) return {};
  using Octets = std::unique_ptr<ASN1_OCTET_STRING, crypto::Deleter<ASN1_OCTET_STRING_free>>;
  const Octets octets(static_cast<ASN1_OCTET_STRING*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_key_identifier, nullptr, nullptr)));
  if (!octets) return {};
  const Byte* data = ASN1_STRING_get0_data(octets.get());
  return Bytes(data, data + ASN1_STRING_length(octets.get()));
}

}  // namespace kilt::x509
