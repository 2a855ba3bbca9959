#include "tests/virtual/etoken/key_pair.h"

#include <algorithm>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tests/virtual/etoken/wire.h"

namespace kilt::vtoken::etoken {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Number = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using Numbers = std::unique_ptr<BN_CTX, Deleter<BN_CTX_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Deleter<PKCS8_PRIV_KEY_INFO_free>>;

void must(int result, const char* what) {
  if (result <= 0) throw std::runtime_error(std::string(what) + " failed");
}

Number number(const Bytes& bytes) {
  return Number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}
Number number() { return Number(BN_new()); }

Bytes bytes_of(const BIGNUM* value, std::size_t size) {
  Bytes bytes(size);
  if (BN_bn2binpad(value, bytes.data(), static_cast<int>(size)) < 0)
    throw std::logic_error("a number does not fit");
  return bytes;
}

Number parameter(EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  must(EVP_PKEY_get_bn_param(key, name, &value), "reading a key's number");
  return Number(value);
}

EVP_PKEY* rsa_of(const BIGNUM* n, const BIGNUM* e, const BIGNUM* d) {
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_D, d);
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) != 1)
    return nullptr;
  return key;
}

Bytes der_of(const X509* certificate) {
  Bytes der(static_cast<std::size_t>(i2d_X509(certificate, nullptr)));
  std::uint8_t* out = der.data();
  i2d_X509(certificate, &out);
  return der;
}

void extend(X509* certificate, int what, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
  must(extension != nullptr ? 1 : 0, "extending a certificate");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Bytes self_signed(const KeyPair& key, const std::string& name, std::size_t filler) {
  const Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 365L * 24 * 3600);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const Bytes characters = text(name);
  must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, characters.data(),
                                  static_cast<int>(characters.size()), -1, 0),
       "naming a certificate");
  X509_set_issuer_name(certificate.get(), subject);
  X509_set_pubkey(certificate.get(), key.get());
  extend(certificate.get(), NID_key_usage, "digitalSignature,keyEncipherment,keyAgreement");
  extend(certificate.get(), NID_subject_key_identifier, "hash");
  if (filler != 0)
    extend(certificate.get(), NID_netscape_comment, std::string(filler, 'x').c_str());
  must(X509_sign(certificate.get(), key.get(), EVP_sha256()), "signing a certificate");
  return der_of(certificate.get());
}

}  // namespace

KeyPair::KeyPair(EVP_PKEY* key) : key_(key, [](EVP_PKEY* old) { EVP_PKEY_free(old); }) {
  if (key == nullptr) key_ = nullptr;
}

KeyPair KeyPair::rsa(unsigned bits) {
  EVP_PKEY* key = EVP_RSA_gen(bits);
  must(key != nullptr ? 1 : 0, "RSA generation");
  return KeyPair(key);
}

KeyPair KeyPair::ec(const char* curve) {
  // EVP_EC_gen is a macro that casts const away.
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve);
  must(key != nullptr ? 1 : 0, "EC generation");
  return KeyPair(key);
}

KeyPair KeyPair::rsa_from_primes(const Bytes& p, const Bytes& q, const Bytes& exponent) {
  const Numbers numbers(BN_CTX_new());
  const Number n = number(), phi = number();
  const Number first = number(p), second = number(q), e = number(exponent);
  BN_mul(n.get(), first.get(), second.get(), numbers.get());
  BN_sub_word(first.get(), 1);
  BN_sub_word(second.get(), 1);
  BN_mul(phi.get(), first.get(), second.get(), numbers.get());
  const Number d(BN_mod_inverse(nullptr, e.get(), phi.get(), numbers.get()));
  EVP_PKEY* key = d ? rsa_of(n.get(), e.get(), d.get()) : nullptr;
  if (key == nullptr) throw std::invalid_argument("these are no primes of a key");
  return KeyPair(key);
}

KeyPair KeyPair::load(const Bytes& der) {
  const std::uint8_t* in = der.data();
  EVP_PKEY* key = d2i_AutoPrivateKey(nullptr, &in, static_cast<long>(der.size()));
  if (key == nullptr) throw std::invalid_argument("the state's key is not one");
  return KeyPair(key);
}

Bytes KeyPair::save() const {
  const Pkcs8 info(EVP_PKEY2PKCS8(key_.get()));
  must(info ? 1 : 0, "writing a key");
  Bytes der(static_cast<std::size_t>(i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr)));
  std::uint8_t* out = der.data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &out);
  return der;
}

bool KeyPair::is_rsa() const { return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA; }
unsigned KeyPair::bits() const { return static_cast<unsigned>(EVP_PKEY_get_bits(key_.get())); }
std::size_t KeyPair::size() const { return (bits() + 7U) / 8; }

Bytes KeyPair::modulus() const {
  return bytes_of(parameter(key_.get(), OSSL_PKEY_PARAM_RSA_N).get(), size());
}

Bytes KeyPair::exponent() const {
  const Number e = parameter(key_.get(), OSSL_PKEY_PARAM_RSA_E);
  return bytes_of(e.get(), static_cast<std::size_t>(BN_num_bytes(e.get())));
}

Bytes KeyPair::point() const {
  Bytes encoded{0x04};
  append(encoded, bytes_of(parameter(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X).get(), size()));
  append(encoded, bytes_of(parameter(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y).get(), size()));
  return encoded;
}

Bytes KeyPair::raw(const Bytes& block) const {
  const Context context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  Bytes result(size());
  std::size_t length = result.size();
  if (block.size() != size() || EVP_PKEY_decrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) != 1 ||
      EVP_PKEY_decrypt(context.get(), result.data(), &length, block.data(), block.size()) != 1)
    return {};
  return result;
}

Bytes KeyPair::ecdsa(const Bytes& hash) const {
  const Context context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  std::size_t length = 256;
  Bytes der(length);
  must(EVP_PKEY_sign_init(context.get()), "ECDSA");
  must(EVP_PKEY_sign(context.get(), der.data(), &length, hash.data(), hash.size()), "ECDSA");
  const std::uint8_t* in = der.data();
  const Signature signature(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(length)));
  must(signature ? 1 : 0, "ECDSA");
  Bytes result = bytes_of(ECDSA_SIG_get0_r(signature.get()), size());
  append(result, bytes_of(ECDSA_SIG_get0_s(signature.get()), size()));
  return result;
}

Bytes KeyPair::ecdh(const Bytes& point) const {
  EVP_PKEY* other = EVP_PKEY_new();
  const std::shared_ptr<EVP_PKEY> peer(other, [](EVP_PKEY* old) { EVP_PKEY_free(old); });
  const Context context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  Bytes shared(size());
  std::size_t length = shared.size();
  if (EVP_PKEY_copy_parameters(other, key_.get()) != 1 ||
      EVP_PKEY_set1_encoded_public_key(other, point.data(), point.size()) != 1 ||
      EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), other) != 1 ||
      EVP_PKEY_derive(context.get(), shared.data(), &length) != 1)
    return {};
  shared.resize(length);
  return shared;
}

Bytes KeyPair::pss(const char* digest, const Bytes& hash) const {
  const Context context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  Bytes signature(size());
  std::size_t length = signature.size();
  const EVP_MD* md = EVP_get_digestbyname(digest);
  if (EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), md) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_DIGEST) != 1 ||
      EVP_PKEY_sign(context.get(), signature.data(), &length, hash.data(), hash.size()) != 1)
    return {};
  return signature;
}

bool KeyPair::decipher(const char* digest, const Bytes& cryptogram, Bytes& message) const {
  const Context context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  const int padding = digest == nullptr ? RSA_PKCS1_PADDING : RSA_PKCS1_OAEP_PADDING;
  message.resize(size());
  std::size_t length = message.size();
  if (EVP_PKEY_decrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) != 1)
    return false;
  if (digest != nullptr &&
      (EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_get_digestbyname(digest)) != 1 ||
       EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_get_digestbyname(digest)) != 1))
    return false;
  if (EVP_PKEY_decrypt(context.get(), message.data(), &length, cryptogram.data(),
                       cryptogram.size()) != 1)
    return false;
  message.resize(length);
  return true;
}

Bytes make_certificate(const KeyPair& key, const std::string& name, std::size_t size) {
  Bytes der = self_signed(key, name, 0);
  if (size == 0) return der;
  // An ECDSA signature's own length varies by a byte or two: sign until it fits.
  std::size_t filler = 1;
  for (int attempt = 0; attempt < 100; ++attempt) {
    der = self_signed(key, name, filler);
    if (der.size() == size) return der;
    if (der.size() < size) filler += size - der.size();
    if (der.size() > size) filler -= std::min(filler - 1, der.size() - size);
  }
  throw std::logic_error("no certificate of that size");
}

}  // namespace kilt::vtoken::etoken
