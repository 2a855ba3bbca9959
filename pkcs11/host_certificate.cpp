#include "drivers/x509.h"
#include "pkcs11/host_crypto.h"
#include "pkcs11/host_openssl.h"

namespace kilt::p11::host {
namespace {

/// DER of an OpenSSL object by its i2d function.
template <typename T, typename Encode>
Bytes der_of(const T* object, Encode encode) {
  unsigned char* raw = nullptr;
  const int size = encode(object, &raw);
  if (size <= 0) return {};
  Bytes der(raw, raw + size);
  OPENSSL_free(raw);
  return der;
}

}  // namespace

std::optional<CertificateFields> parse_certificate(BytesView der) {
  X509* raw = X509_new_ex(crypto::library(), nullptr);
  const unsigned char* at = der.data();
  const X509Ptr certificate(d2i_X509(&raw, &at, static_cast<long>(der.size())));
  if (!certificate) return std::nullopt;  // d2i_X509 freed `raw`
  CertificateFields fields;
  fields.subject = der_of(X509_get_subject_name(certificate.get()), i2d_X509_NAME);
  fields.issuer = der_of(X509_get_issuer_name(certificate.get()), i2d_X509_NAME);
  fields.serial = der_of(X509_get0_serialNumber(certificate.get()), i2d_ASN1_INTEGER);
  fields.public_key_info = der_of(X509_get_X509_PUBKEY(certificate.get()), i2d_X509_PUBKEY);
  fields.public_key = x509::public_key(der);
  return fields;
}

}  // namespace kilt::p11::host
