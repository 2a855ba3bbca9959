// Self-signed certificates for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <openssl/rsa.h>

#include "tools/signing/pkcs10.h"
#include "tools/x509/certificate.h"

namespace kilt::tool::test {

struct CertificateMaker {
  std::string subject = "/CN=Test";
  long days = 100;
  /// Dotted OID and hexadecimal DER of the value.
  std::vector<std::pair<std::string, std::string>> extensions;

  [[nodiscard]] Bytes der() const {
    static const PkeyPtr kKey(EVP_RSA_gen(2048));
    const X509Ptr certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 77);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * 24 * 60 * 60);
    const X509NamePtr name = parse_name(subject);
    X509_set_subject_name(certificate.get(), name.get());
    X509_set_issuer_name(certificate.get(), name.get());
    X509_set_pubkey(certificate.get(), kKey.get());
    for (const auto& [oid, hex] : extensions) {
      const Bytes value = from_hex(hex);
      const OctetStringPtr octets(ASN1_OCTET_STRING_new());
      ASN1_OCTET_STRING_set(octets.get(), value.data(), static_cast<int>(value.size()));
      const ObjectPtr object = object_of(oid);
      const X509ExtensionPtr extension(
          X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 0, octets.get()));
      X509_add_ext(certificate.get(), extension.get(), -1);
    }
    X509_sign(certificate.get(), kKey.get(), EVP_sha256());
    return to_der(certificate.get(), i2d_X509);
  }
};

}  // namespace kilt::tool::test
