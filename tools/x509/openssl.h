// OpenSSL objects that free themselves, and its errors as failures.
#pragma once

#include <memory>
#include <string>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tools/terminal/bytes.h"
#include "tools/terminal/failure.h"

namespace kilt::tool {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, FreeWith<Free>>;

using BioPtr = Owned<BIO, BIO_free_all>;
using BignumPtr = Owned<BIGNUM, BN_free>;
using PkeyPtr = Owned<EVP_PKEY, EVP_PKEY_free>;
using X509Ptr = Owned<X509, X509_free>;
using X509ReqPtr = Owned<X509_REQ, X509_REQ_free>;
using X509NamePtr = Owned<X509_NAME, X509_NAME_free>;
using X509PubkeyPtr = Owned<X509_PUBKEY, X509_PUBKEY_free>;
using X509AlgorPtr = Owned<X509_ALGOR, X509_ALGOR_free>;
using X509ExtensionPtr = Owned<X509_EXTENSION, X509_EXTENSION_free>;
using ObjectPtr = Owned<ASN1_OBJECT, ASN1_OBJECT_free>;
using OctetStringPtr = Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using BitStringPtr = Owned<ASN1_BIT_STRING, ASN1_BIT_STRING_free>;
using Pkcs7Ptr = Owned<PKCS7, PKCS7_free>;

/// Empties OpenSSL's error queue into one line.
std::string openssl_errors();

/// Throws Failure(kind) with OpenSSL's reason unless `ok`.
void need_openssl(bool ok, const char* what, Kind kind = Kind::kInternal);

/// DER of an OpenSSL object by its i2d function.
template <typename T, typename Encode>
Bytes to_der(T* object, Encode encode) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  need_openssl(size >= 0, "DER");
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

/// "1.2.398.3.3.5" of an object; empty for none.
std::string dotted(const ASN1_OBJECT* object);
/// The object of a dotted OID. Throws Failure(kBadInput).
ObjectPtr object_of(const std::string& dotted);

}  // namespace kilt::tool
