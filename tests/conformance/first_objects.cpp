// A key with a certificate for tokens that come empty.
#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;

template <typename T, typename Encode>
Bytes der(const T* value, Encode encode) {
  unsigned char* raw = nullptr;
  const int size = encode(value, &raw);
  Bytes bytes(raw, raw + std::max(size, 0));
  OPENSSL_free(raw);
  return bytes;
}

void set_name(X509_NAME* name, const char* text) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(text),  // NOLINT: plain bytes
                             -1, -1, 0);
}

}  // namespace

MadeCertificate certificate_for(EVP_PKEY* key) {
  const EvpPkey ca(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
  X509Pointer certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 4711);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 2L * 24 * 3600);
  set_name(X509_get_issuer_name(certificate.get()), "Conformance CA");
  set_name(X509_get_subject_name(certificate.get()), "Conformance");
  X509_set_pubkey(certificate.get(), key);
  if (X509_sign(certificate.get(), ca.get(), EVP_sha256()) == 0)
    throw std::runtime_error("OpenSSL makes no certificate");
  return {der(certificate.get(), i2d_X509),
          der(X509_get_subject_name(certificate.get()), i2d_X509_NAME),
          der(X509_get_issuer_name(certificate.get()), i2d_X509_NAME),
          der(X509_get0_serialNumber(certificate.get()), i2d_ASN1_INTEGER)};
}

void make_first_objects() {
  if (p11().C_Initialize(nullptr) != CKR_OK) throw std::runtime_error("C_Initialize fails");
  CK_SESSION_HANDLE session = 0;
  if (p11().C_OpenSession(test_slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                          &session) != CKR_OK ||
      login(session, CKU_USER, options().pin) != CKR_OK)
    throw std::runtime_error("the user cannot log in");
  Template certificates;
  certificates.number(CKA_CLASS, CKO_CERTIFICATE);
  const auto pair = key_pair(session, CKK_RSA);
  const auto key = pair ? openssl_key(session, pair->public_key) : EvpPkey(nullptr, EVP_PKEY_free);
  if (find(session, certificates).empty() && key != nullptr) {
    const MadeCertificate made = certificate_for(key.get());
    Template wanted;
    wanted.number(CKA_CLASS, CKO_CERTIFICATE)
        .number(CKA_CERTIFICATE_TYPE, CKC_X_509)
        .flag(CKA_TOKEN, true)
        .flag(CKA_PRIVATE, false)
        .text(CKA_LABEL, "conformance")
        .bytes(CKA_ID, attribute(session, pair->private_key, CKA_ID).value_or(Bytes{}))
        .bytes(CKA_SUBJECT, made.subject)
        .bytes(CKA_ISSUER, made.issuer)
        .bytes(CKA_SERIAL_NUMBER, made.serial)
        .bytes(CKA_VALUE, made.der);
    CK_OBJECT_HANDLE object = 0;
    p11().C_CreateObject(session, wanted.data(), wanted.size(), &object);
  }
  p11().C_Finalize(nullptr);
}

}  // namespace kilt::conformance
