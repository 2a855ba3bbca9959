#include "tests/drivers/jacarta/rsa_check.h"

#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace kilt::jacarta::test {
namespace {

void need(bool done) {
  if (!done) throw std::runtime_error("OpenSSL refused");
}

struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;

Bytes number(const EVP_PKEY& key, const char* name) {
  BIGNUM* value = nullptr;
  need(EVP_PKEY_get_bn_param(&key, name, &value) == 1);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(value)));
  BN_bn2bin(value, bytes.data());
  BN_clear_free(value);
  return bytes;
}

}  // namespace

HostKey public_key(const PublicKey& key) {
  const auto& rsa = std::get<RsaPublicKey>(key);
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  BIGNUM* n = BN_bin2bn(rsa.modulus.data(), static_cast<int>(rsa.modulus.size()), nullptr);
  BIGNUM* e = BN_bin2bn(rsa.exponent.data(), static_cast<int>(rsa.exponent.size()), nullptr);
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
  OSSL_PARAM* params = OSSL_PARAM_BLD_to_param(builder);
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* made = nullptr;
  need(EVP_PKEY_fromdata_init(context.get()) == 1 &&
       EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params) == 1);
  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(builder);
  BN_free(n);
  BN_free(e);
  return HostKey(made);
}

HostKey make_key(unsigned bits) {
  EVP_PKEY* made = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits));
  need(made != nullptr);
  return HostKey(made);
}

RsaPrivateKey private_parts(const EVP_PKEY& key) {
  RsaPrivateKey parts;
  parts.modulus = number(key, OSSL_PKEY_PARAM_RSA_N);
  parts.public_exponent = number(key, OSSL_PKEY_PARAM_RSA_E);
  parts.private_exponent = SecureBytes(number(key, OSSL_PKEY_PARAM_RSA_D));
  parts.prime1 = SecureBytes(number(key, OSSL_PKEY_PARAM_RSA_FACTOR1));
  parts.prime2 = SecureBytes(number(key, OSSL_PKEY_PARAM_RSA_FACTOR2));
  parts.exponent1 = SecureBytes(number(key, OSSL_PKEY_PARAM_RSA_EXPONENT1));
  parts.exponent2 = SecureBytes(number(key, OSSL_PKEY_PARAM_RSA_EXPONENT2));
  parts.coefficient = SecureBytes(number(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1));
  return parts;
}

Bytes digest_info(const std::string& text) {
  Bytes info = from_hex("3031300D060960864801650304020105000420");
  Bytes hash(32);
  need(EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(), hash.data(), nullptr) ==
       1);
  append(info, hash);
  return info;
}

bool verifies(EVP_PKEY& key, const std::string& text, BytesView signature) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  need(EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, &key) == 1);
  const Bytes bytes = to_bytes(text);
  const int result =
      EVP_DigestVerify(context, signature.data(), signature.size(), bytes.data(), bytes.size());
  EVP_MD_CTX_free(context);
  return result == 1;
}

Bytes raw_public(EVP_PKEY& key, BytesView block) {
  const Context context(EVP_PKEY_CTX_new(&key, nullptr));
  Bytes result(block.size());
  std::size_t size = result.size();
  need(EVP_PKEY_encrypt_init(context.get()) == 1 &&
       EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1 &&
       EVP_PKEY_encrypt(context.get(), result.data(), &size, block.data(), block.size()) == 1);
  return result;
}

Bytes encrypt_pkcs1(EVP_PKEY& key, const std::string& text) {
  const Context context(EVP_PKEY_CTX_new(&key, nullptr));
  Bytes result(static_cast<std::size_t>(EVP_PKEY_get_size(&key)));
  std::size_t size = result.size();
  const Bytes plain = to_bytes(text);
  need(EVP_PKEY_encrypt_init(context.get()) == 1 &&
       EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
       EVP_PKEY_encrypt(context.get(), result.data(), &size, plain.data(), plain.size()) == 1);
  return result;
}

Bytes self_signed(EVP_PKEY& key, const std::string& name) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 0x1234);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, &key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  const Bytes text = to_bytes(name);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text.data(),
                             static_cast<int>(text.size()), -1, 0);
  X509_set_issuer_name(certificate, subject);
  // Signed by a key of the host's: a token's private half is not here, and nobody checks.
  const HostKey signer = make_key(1024);
  need(X509_sign(certificate, signer.get(), EVP_sha256()) > 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  X509_free(certificate);
  need(size > 0);
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace kilt::jacarta::test
