#include "tests/virtual/iso7816/certificate.h"

#include <memory>
#include <stdexcept>

#include <openssl/conf.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tests/virtual/iso7816/rsa.h"

namespace kilt::vtoken::iso {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using Object = std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>>;
using Configuration = std::unique_ptr<CONF, Deleter<NCONF_free>>;
using Octets = std::unique_ptr<ASN1_OCTET_STRING, Deleter<ASN1_OCTET_STRING_free>>;

constexpr long kDay = 24L * 3600;
constexpr const char* kStorage = "1.2.398.3.3.5";

Key open(const Bytes& der) {
  const std::uint8_t* in = der.data();
  Key key(d2i_AutoPrivateKey(nullptr, &in, static_cast<long>(der.size())));
  if (!key) throw std::invalid_argument("no private key");
  return key;
}

Certificate parse(const Bytes& der) {
  const std::uint8_t* in = der.data();
  return Certificate(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
}

Bytes encode(const Certificate& certificate) {
  Bytes der(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)));
  std::uint8_t* out = der.data();
  i2d_X509(certificate.get(), &out);
  return der;
}

void add_name(X509_NAME* name, const char* field, int type, const std::string& value) {
  const Bytes bytes(value.begin(), value.end());
  if (X509_NAME_add_entry_by_txt(name, field, type, bytes.data(), static_cast<int>(bytes.size()),
                                 -1, 0) != 1)
    throw std::logic_error("a name");
}

void add(const Certificate& certificate, Extension extension) {
  if (!extension || X509_add_ext(certificate.get(), extension.get(), -1) != 1)
    throw std::logic_error("an extension");
}

void add(const Certificate& certificate, const Certificate& issuer, int nid,
         const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer.get(), certificate.get(), nullptr, nullptr, 0);
  const Configuration none(NCONF_new(nullptr));  // policies want to look into one
  X509V3_set_nconf(&context, none.get());
  add(certificate, Extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())));
}

/// SEQUENCE { storage OID } under the CA's own extension.
void add_storage(const Certificate& certificate, const std::string& storage) {
  const Object kind(OBJ_txt2obj(kStorage, 1)), value(OBJ_txt2obj(storage.c_str(), 1));
  Bytes oid(static_cast<std::size_t>(i2d_ASN1_OBJECT(value.get(), nullptr)));
  std::uint8_t* out = oid.data();
  i2d_ASN1_OBJECT(value.get(), &out);
  Bytes sequence{0x30, static_cast<std::uint8_t>(oid.size())};
  sequence.insert(sequence.end(), oid.begin(), oid.end());
  const Octets octets(ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(octets.get(), sequence.data(), static_cast<int>(sequence.size()));
  add(certificate, Extension(X509_EXTENSION_create_by_OBJ(nullptr, kind.get(), 0, octets.get())));
}

/// The serial number is the key identifier with the top bit cleared, not below 10.
void set_serial(const Certificate& certificate, Bytes identifier) {
  identifier[0] &= 0x7F;
  if (identifier[0] < 0x10) identifier[0] |= 0x10;
  BIGNUM* number = BN_bin2bn(identifier.data(), static_cast<int>(identifier.size()), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
}

Certificate blank(const Key& key, const Bytes& identifier, long days) {
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  set_serial(made, identifier);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), days * kDay);
  X509_set_pubkey(made.get(), key.get());
  return made;
}

}  // namespace

const CertificateAuthority& CertificateAuthority::here() {
  static const CertificateAuthority only;
  return only;
}

CertificateAuthority::CertificateAuthority() : key_(make_rsa(2048)) {
  const Key key = open(key_);
  const Certificate made = blank(key, key_identifier(key_), 3650);
  X509_NAME* name = X509_get_subject_name(made.get());
  add_name(name, "C", MBSTRING_ASC, "KZ");
  add_name(name, "CN", MBSTRING_UTF8, "Virtual CA (RSA TEST)");
  X509_set_issuer_name(made.get(), name);
  add(made, made, NID_basic_constraints, "critical,CA:TRUE");
  add(made, made, NID_key_usage, "critical,keyCertSign,cRLSign");
  add(made, made, NID_subject_key_identifier, "hash");
  X509_sign(made.get(), key.get(), EVP_sha256());
  certificate_ = encode(made);
}

Bytes CertificateAuthority::issue(const Bytes& key_bytes, KeyRole role,
                                  const std::string& storage) const {
  const bool sign = role == KeyRole::kSignature;
  const Key own = open(key_), key = open(key_bytes);
  const Certificate issuer = parse(certificate_),
                    made = blank(key, key_identifier(key_bytes), 1095);
  X509_NAME* name = X509_get_subject_name(made.get());
  add_name(name, "CN", MBSTRING_UTF8, "ТЕСТОВ ВЛАДЕЛЕЦ");
  add_name(name, "SN", MBSTRING_UTF8, "ТЕСТОВ");
  add_name(name, "serialNumber", MBSTRING_ASC, "IIN000000000000");
  add_name(name, "C", MBSTRING_ASC, "KZ");
  add_name(name, "GN", MBSTRING_UTF8, "ТЕСТОВИЧ");
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get()));
  add(made, issuer, NID_ext_key_usage,
      std::string(sign ? "emailProtection" : "clientAuth") + ",1.2.398.3.3.4.1.1");
  add(made, issuer, NID_key_usage,
      sign ? "critical,digitalSignature,nonRepudiation"
           : "critical,digitalSignature,keyEncipherment");
  add(made, issuer, NID_certificate_policies, sign ? "1.2.398.3.3.2.3" : "1.2.398.3.3.2.4");
  add(made, issuer, NID_crl_distribution_points,
      "URI:http://crl.example/rsa.crl,URI:http://crl1.example/rsa.crl");
  add(made, issuer, NID_freshest_crl,
      "URI:http://crl.example/d_rsa.crl,URI:http://crl1.example/d_rsa.crl");
  add(made, issuer, NID_info_access,
      "OCSP;URI:http://ocsp.example/,caIssuers;URI:http://ca.example/rsa.cer");
  add(made, issuer, NID_subject_key_identifier, "hash");
  add(made, issuer, NID_authority_key_identifier, "keyid");
  add_storage(made, storage);
  X509_sign(made.get(), own.get(), EVP_sha256());
  return encode(made);
}

}  // namespace kilt::vtoken::iso
