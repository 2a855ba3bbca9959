#include "tools/trust/local_ca.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "tools/x509/certificate.h"

namespace kilt::tool {
namespace {

constexpr long kDays = 398;
constexpr const char* kNames = "DNS:localhost,IP:127.0.0.1";
constexpr const char* kConstraints =
    "critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255";

PkeyPtr make_key() {
  PkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  need_openssl(key != nullptr, "EC");
  return key;
}

/// A certificate's number and the CA's name are new each time: a browser that still knows the old
/// CA must not take one for the other.
Bytes random_bytes(std::size_t size) {
  Bytes bytes(size);
  need_openssl(RAND_bytes(bytes.data(), static_cast<int>(size)) == 1, "RAND");
  bytes.front() = static_cast<Byte>((bytes.front() & 0x7FU) | 0x40U);
  return bytes;
}

void set_name(X509_NAME* name, const std::string& common_name) {
  const auto add = [&](const char* type, const std::string& value) {
    need_openssl(X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, view(value).data(),
                                            static_cast<int>(value.size()), -1, 0) == 1,
                 "name");
  };
  add("O", "Kilt");
  add("CN", common_name);
}

X509Ptr make_certificate(std::time_t now, EVP_PKEY* key) {
  X509Ptr certificate(X509_new());
  const Bytes serial = random_bytes(16);
  const BignumPtr number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  // An hour back: clocks differ, and a browser's time zone data may be old.
  const bool good =
      X509_set_version(certificate.get(), 2) == 1 &&
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr &&
      X509_time_adj_ex(X509_getm_notBefore(certificate.get()), 0, -3600, &now) != nullptr &&
      X509_time_adj_ex(X509_getm_notAfter(certificate.get()), static_cast<int>(kDays), -2 * 3600,
                       &now) != nullptr &&
      X509_set_pubkey(certificate.get(), key) == 1;
  need_openssl(good, "certificate");
  return certificate;
}

void extend(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const X509ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  need_openssl(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1,
               "extension");
}

Secret pem_of(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  need_openssl(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
               "PEM");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return Secret(view({text, static_cast<std::size_t>(size)}));
}

}  // namespace

LocalCertificates make_local_certificates(std::time_t now) {
  const PkeyPtr authority_key = make_key();
  const X509Ptr authority = make_certificate(now, authority_key.get());
  const std::string name = "Kilt on this computer " + to_hex(random_bytes(4));
  set_name(X509_get_subject_name(authority.get()), name);
  X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
  X509* ca = authority.get();
  extend(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(ca, ca, NID_key_usage, "critical,keyCertSign");
  extend(ca, ca, NID_ext_key_usage, "serverAuth");
  extend(ca, ca, NID_name_constraints, kConstraints);
  extend(ca, ca, NID_subject_key_identifier, "hash");
  need_openssl(X509_sign(ca, authority_key.get(), EVP_sha256()) > 0, "sign");

  const PkeyPtr server_key = make_key();
  const X509Ptr server = make_certificate(now, server_key.get());
  set_name(X509_get_subject_name(server.get()), "kilt-bridge");
  X509_set_issuer_name(server.get(), X509_get_subject_name(ca));
  X509* leaf = server.get();
  extend(leaf, ca, NID_basic_constraints, "critical,CA:FALSE");
  extend(leaf, ca, NID_key_usage, "critical,digitalSignature");
  extend(leaf, ca, NID_ext_key_usage, "serverAuth");
  extend(leaf, ca, NID_subject_alt_name, kNames);
  extend(leaf, ca, NID_subject_key_identifier, "hash");
  extend(leaf, ca, NID_authority_key_identifier, "keyid");
  need_openssl(X509_sign(leaf, authority_key.get(), EVP_sha256()) > 0, "sign");
  return {to_der(ca, i2d_X509), to_der(leaf, i2d_X509), pem_of(server_key.get())};
}

}  // namespace kilt::tool
