#include "drivers/crypto/x509.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "drivers/crypto/gost_key.h"
#include "drivers/crypto/openssl.h"

namespace kilt::x509 {
namespace {

using Certificate = crypto::X509Ptr;
using crypto::der_of;

Certificate parse(BytesView der) {
  X509* certificate = X509_new_ex(crypto::library(), nullptr);
  if (certificate == nullptr) throw std::bad_alloc();
  const Byte* at = der.data();
  // d2i frees and clears what it was given when it fails.
  if (d2i_X509(&certificate, &at, static_cast<long>(der.size())) == nullptr) return nullptr;
  Certificate parsed(certificate);
  return at == der.data() + der.size() ? std::move(parsed) : nullptr;
}

Bytes number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const crypto::BigNumber number(raw);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return bytes;
}

/// DER of the OBJECT IDENTIFIER of a curve by OpenSSL's name.
Bytes curve_oid(const char* name) {
  return der_of(OBJ_nid2obj(OBJ_txt2nid(name)), i2d_ASN1_OBJECT);
}

PublicKey ec_key(const EVP_PKEY* key) {
  char curve[64] = {};
  std::size_t size = 0;
  Bytes point(256);
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve, &size) !=
          1 ||
      EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(),
                                      &size) != 1)
    return std::monostate{};
  point.resize(size);
  return EcPublicKey{curve_oid(curve), point};
}

/// The subject's key, as far as it is understood.
PublicKey key_of(const X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr)  // OpenSSL alone does not know GOST
    return crypto::read_gost_public_key(der_of(X509_get_X509_PUBKEY(certificate), i2d_X509_PUBKEY));
  if (EVP_PKEY_is_a(key, "RSA") == 1)
    return RsaPublicKey{number_of(key, OSSL_PKEY_PARAM_RSA_N),
                        number_of(key, OSSL_PKEY_PARAM_RSA_E)};
  if (EVP_PKEY_is_a(key, "EC") == 1) return ec_key(key);
  return std::monostate{};
}

}  // namespace

bool is_certificate(BytesView der) { return parse(der) != nullptr; }

Bytes public_key_bits(BytesView der) {
  const Certificate certificate = parse(der);
  if (!certificate) return {};
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(certificate.get());
  if (bits == nullptr) return {};
  const Byte* data = ASN1_STRING_get0_data(bits);
  return Bytes(data, data + ASN1_STRING_length(bits));
}

std::optional<Fields> fields(BytesView der) {
  const Certificate certificate = parse(der);
  if (!certificate) return std::nullopt;
  return Fields{der_of(X509_get_subject_name(certificate.get()), i2d_X509_NAME),
                der_of(X509_get_issuer_name(certificate.get()), i2d_X509_NAME),
                der_of(X509_get0_serialNumber(certificate.get()), i2d_ASN1_INTEGER),
                key_of(certificate.get()),
                der_of(X509_get_X509_PUBKEY(certificate.get()), i2d_X509_PUBKEY)};
}

PublicKey public_key(BytesView der) {
  const Certificate certificate = parse(der);
  return certificate ? key_of(certificate.get()) : PublicKey{};
}

Bytes key_identifier(BytesView der) { return crypto::sha1(public_key_bits(der)); }

std::string common_name(BytesView der) {
  const Certificate certificate = parse(der);
  if (!certificate) return {};
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) return {};
  std::string name = to_text({utf8, static_cast<std::size_t>(size)});
  OPENSSL_free(utf8);
  return name;
}

}  // namespace kilt::x509
