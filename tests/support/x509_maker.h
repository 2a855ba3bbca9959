// Throw-away certificates by OpenSSL.
#pragma once

#include <string>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "apdu/bytes.h"

namespace kilt::test {

/// Self-signed by an RSA key, valid for an hour; `name` in UTF-8, none if empty. The caller frees
/// it.
inline X509* self_signed_x509(const std::string& name, EVP_PKEY* key) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  if (!name.empty())
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  return certificate;
}

/// The same in DER, with a fresh RSA key.
inline Bytes self_signed(const std::string& name) {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  X509* certificate = self_signed_x509(name, key);
  Bytes der(static_cast<std::size_t>(i2d_X509(certificate, nullptr)));
  Byte* out = der.data();
  i2d_X509(certificate, &out);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return der;
}

}  // namespace kilt::test
