#include "tests/conformance/referee.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace kilt::conformance {
namespace {

using Params = std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)>;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;
using MdContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Number number_of(const Bytes& bytes) {
  return {BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr), BN_free};
}

EvpPkey key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder), OSSL_PARAM_free);
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) == 1)
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get());
  return {key, EVP_PKEY_free};
}

EvpPkey rsa_key(const Bytes& modulus, const Bytes& exponent) {
  const Builder builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  const Number n = number_of(modulus), e = number_of(exponent);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return key_from("RSA", builder.get());
}

EvpPkey ec_key(const Bytes& parameters, const Bytes& point) {
  const CK_BYTE* read = parameters.data();
  ASN1_OBJECT* curve = d2i_ASN1_OBJECT(nullptr, &read, static_cast<long>(parameters.size()));
  const char* name = OBJ_nid2sn(OBJ_obj2nid(curve));
  ASN1_OBJECT_free(curve);
  const std::size_t header = point.at(1) < 0x80 ? 2 : 3;
  const Builder builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data() + header,
                                   point.size() - header);
  return key_from("EC", builder.get());
}

/// r || s as DER.
Bytes der_signature(const Bytes& raw) {
  const auto half = static_cast<std::ptrdiff_t>(raw.size() / 2);
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, number_of(Bytes(raw.begin(), raw.begin() + half)).release(),
                 number_of(Bytes(raw.begin() + half, raw.end())).release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  Bytes result(der, der + std::max(size, 0));
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  return result;
}

Bytes digest_info(const Bytes& message) {
  // DigestInfo of SHA-256 (RFC 8017, 9.2).
  Bytes info{0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
             0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
  const Bytes hash = openssl_digest("SHA256", message);
  info.insert(info.end(), hash.begin(), hash.end());
  return info;
}

}  // namespace

EvpPkey openssl_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key) {
  if (number(session, key, CKA_KEY_TYPE) == CKK_RSA) {
    const auto n = attribute(session, key, CKA_MODULUS);
    const auto e = attribute(session, key, CKA_PUBLIC_EXPONENT);
    if (n && e) return rsa_key(*n, *e);
  } else {
    const auto curve = attribute(session, key, CKA_EC_PARAMS);
    const auto point = attribute(session, key, CKA_EC_POINT);
    if (curve && point && point->size() > 3) return ec_key(*curve, *point);
  }
  return {nullptr, EVP_PKEY_free};
}

Parameters::Parameters(const Signing& how) : mechanism{how.type, nullptr, 0} {
  if (how.padding != Padding::kPss) return;
  const EVP_MD* md = EVP_get_digestbyname(how.hash == nullptr ? "SHA256" : how.hash);
  pss = {how.hash_alg, how.mgf, static_cast<CK_ULONG>(EVP_MD_get_size(md))};
  mechanism.pParameter = &pss;
  mechanism.ulParameterLen = sizeof pss;
}

const std::vector<Signing>& signings() {
  using enum Padding;
  static const std::vector<Signing> all{
      {"RSA_PKCS", CKM_RSA_PKCS, CKK_RSA, kPkcs1, nullptr, 0, 0},
      {"SHA1_RSA_PKCS", CKM_SHA1_RSA_PKCS, CKK_RSA, kPkcs1, "SHA1", 0, 0},
      {"SHA224_RSA_PKCS", CKM_SHA224_RSA_PKCS, CKK_RSA, kPkcs1, "SHA224", 0, 0},
      {"SHA256_RSA_PKCS", CKM_SHA256_RSA_PKCS, CKK_RSA, kPkcs1, "SHA256", 0, 0},
      {"SHA384_RSA_PKCS", CKM_SHA384_RSA_PKCS, CKK_RSA, kPkcs1, "SHA384", 0, 0},
      {"SHA512_RSA_PKCS", CKM_SHA512_RSA_PKCS, CKK_RSA, kPkcs1, "SHA512", 0, 0},
      {"RSA_PKCS_PSS", CKM_RSA_PKCS_PSS, CKK_RSA, kPss, nullptr, CKM_SHA256, CKG_MGF1_SHA256},
      {"SHA1_RSA_PKCS_PSS", CKM_SHA1_RSA_PKCS_PSS, CKK_RSA, kPss, "SHA1", CKM_SHA_1, CKG_MGF1_SHA1},
      {"SHA224_RSA_PKCS_PSS", CKM_SHA224_RSA_PKCS_PSS, CKK_RSA, kPss, "SHA224", CKM_SHA224,
       CKG_MGF1_SHA224},
      {"SHA256_RSA_PKCS_PSS", CKM_SHA256_RSA_PKCS_PSS, CKK_RSA, kPss, "SHA256", CKM_SHA256,
       CKG_MGF1_SHA256},
      {"SHA384_RSA_PKCS_PSS", CKM_SHA384_RSA_PKCS_PSS, CKK_RSA, kPss, "SHA384", CKM_SHA384,
       CKG_MGF1_SHA384},
      // SHA-512 with a salt of its size needs more than 1024 bits (RFC 8017, 9.1.1).
      {"SHA512_RSA_PKCS_PSS", CKM_SHA512_RSA_PKCS_PSS, CKK_RSA, kPss, "SHA512", CKM_SHA512,
       CKG_MGF1_SHA512},
      {"RSA_X_509", CKM_RSA_X_509, CKK_RSA, kNone, nullptr, 0, 0},
      {"ECDSA", CKM_ECDSA, CKK_EC, kEcdsa, nullptr, 0, 0},
      {"ECDSA_SHA1", CKM_ECDSA_SHA1, CKK_EC, kEcdsa, "SHA1", 0, 0},
      {"ECDSA_SHA224", CKM_ECDSA_SHA224, CKK_EC, kEcdsa, "SHA224", 0, 0},
      {"ECDSA_SHA256", CKM_ECDSA_SHA256, CKK_EC, kEcdsa, "SHA256", 0, 0},
      {"ECDSA_SHA384", CKM_ECDSA_SHA384, CKK_EC, kEcdsa, "SHA384", 0, 0},
      {"ECDSA_SHA512", CKM_ECDSA_SHA512, CKK_EC, kEcdsa, "SHA512", 0, 0},
  };
  return all;
}

Bytes input_for(const Signing& how, const Bytes& message, std::size_t size) {
  if (how.hash != nullptr) return message;
  if (how.padding == Padding::kPss || how.padding == Padding::kEcdsa)
    return openssl_digest("SHA256", message);
  Bytes info = digest_info(message);
  if (how.padding == Padding::kPkcs1) return info;
  Bytes block{0x00, 0x01};  // EMSA-PKCS1-v1_5, so that the referee has one way for both
  block.resize(size - info.size() - 1, 0xFF);
  block.push_back(0x00);
  block.insert(block.end(), info.begin(), info.end());
  return block;
}

bool openssl_verifies(const Signing& how, EVP_PKEY* key, const Bytes& message,
                      const Bytes& signature) {
  const MdContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* settings = nullptr;
  const char* hash = how.hash == nullptr ? "SHA256" : how.hash;
  if (EVP_DigestVerifyInit_ex(context.get(), &settings, hash, nullptr, nullptr, key, nullptr) != 1)
    return false;
  if (how.padding == Padding::kPss) {
    EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST);
  }
  const Bytes given = how.padding == Padding::kEcdsa ? der_signature(signature) : signature;
  return EVP_DigestVerify(context.get(), given.data(), given.size(), message.data(),
                          message.size()) == 1;
}

Bytes openssl_digest(const char* hash, const Bytes& data) {
  Bytes value(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  EVP_Digest(data.data(), data.size(), value.data(), &size, EVP_get_digestbyname(hash), nullptr);
  value.resize(size);
  return value;
}

Bytes openssl_encrypt(EVP_PKEY* key, int padding, const Bytes& data) {
  const PkeyContext context(EVP_PKEY_CTX_new(key, nullptr), EVP_PKEY_CTX_free);
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key));
  Bytes encrypted(size);
  if (EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) != 1 ||
      EVP_PKEY_encrypt(context.get(), encrypted.data(), &size, data.data(), data.size()) != 1)
    return {};
  return encrypted;
}

}  // namespace kilt::conformance
