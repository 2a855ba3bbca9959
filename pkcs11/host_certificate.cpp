#include <openssl/core_names.h>
#include <openssl/ec.h>

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

Bytes number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const BigNumber number(raw);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return bytes;
}

PublicKey public_key_of(X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return std::monostate{};  // GOST: OpenSSL alone does not know it
  if (EVP_PKEY_is_a(key, "RSA") == 1)
    return RsaPublicKey{number_of(key, OSSL_PKEY_PARAM_RSA_N),
                        number_of(key, OSSL_PKEY_PARAM_RSA_E)};
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    char curve[64] = {};
    std::size_t size = 0;
    Bytes point(256);
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve,
                                       &size) != 1 ||
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(),
                                        &size) != 1)
      return std::monostate{};
    point.resize(size);
    const ASN1_OBJECT* oid = OBJ_nid2obj(OBJ_txt2nid(curve));
    return EcPublicKey{der_of(oid, i2d_ASN1_OBJECT), point};
  }
  return std::monostate{};
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
  fields.public_key = public_key_of(certificate.get());
  return fields;
}

}  // namespace kilt::p11::host
