#include "tests/drivers/iso7816/check.h"

#include <memory>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace kilt::test {
namespace {

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

Owned<EVP_PKEY> to_openssl(const RsaPublicKey& key) {
  const Owned<BIGNUM> n(
      BN_bin2bn(key.modulus.data(), static_cast<int>(key.modulus.size()), nullptr));
  const Owned<BIGNUM> e(
      BN_bin2bn(key.exponent.data(), static_cast<int>(key.exponent.size()), nullptr));
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* pkey = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    throw std::runtime_error("no RSA key");
  return Owned<EVP_PKEY>(pkey);
}

const EVP_MD* md(Hash hash) {
  switch (hash) {
    case Hash::kSha1:
      return EVP_sha1();
    case Hash::kSha384:
      return EVP_sha384();
    case Hash::kSha512:
      return EVP_sha512();
    default:
      return EVP_sha256();
  }
}

}  // namespace

Bytes digest_info(Hash hash, const std::string& text) {
  Bytes info = from_hex(hash == Hash::kSha1     ? "3021300906052B0E03021A05000414"
                        : hash == Hash::kSha384 ? "3041300D060960864801650304020205000430"
                        : hash == Hash::kSha512 ? "3051300D060960864801650304020305000440"
                                                : "3031300D060960864801650304020105000420");
  Bytes value(64);
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), value.data(), &size, md(hash), nullptr);
  append(info, BytesView(value).first(size));
  return info;
}

bool verifies(const RsaPublicKey& key, Hash hash, const std::string& text, BytesView signature) {
  const auto pkey = to_openssl(key);
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, md(hash), nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

Bytes encrypt(const RsaPublicKey& key, const std::string& text) {
  const auto pkey = to_openssl(key);
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(pkey.get(), nullptr));
  Bytes out(key.modulus.size());
  std::size_t size = out.size();
  if (EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_encrypt(context.get(), out.data(), &size,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1)
    throw std::runtime_error("cannot encrypt");
  return out;
}

Bytes make_certificate(const RsaPublicKey& key, const std::string& common_name) {
  static const Owned<EVP_PKEY> ca(EVP_RSA_gen(2048));
  const Owned<X509> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  X509_set_pubkey(certificate.get(), to_openssl(key).get());
  X509_sign(certificate.get(), ca.get(), EVP_sha256());
  Bytes der(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)));
  unsigned char* at = der.data();
  i2d_X509(certificate.get(), &at);
  return der;
}

}  // namespace kilt::test
