#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "drivers/errors.h"
#include "pkcs11/host_crypto.h"
#include "pkcs11/host_openssl.h"

namespace kilt::p11::host {
namespace {

using ParamBuild = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

BigNumber number(BytesView big_endian) {
  return need(
      BigNumber(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr)));
}

EvpPkey make_key(const char* type, OSSL_PARAM_BLD* build) {
  const Params params(need(OSSL_PARAM_BLD_to_param(build)));
  const EvpPkeyCtx context(need(EVP_PKEY_CTX_new_from_name(crypto::library(), type, nullptr)));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    throw InvalidData("the public key makes no sense");
  return EvpPkey(key);
}

EvpPkey rsa_key(const RsaPublicKey& key) {
  const ParamBuild build(need(OSSL_PARAM_BLD_new()));
  const BigNumber n = number(key.modulus);
  const BigNumber e = number(key.exponent);
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return make_key("RSA", build.get());
}

/// A context ready for `init`, with `padding`.
template <typename Init>
EvpPkeyCtx rsa_context(const EvpPkey& key, Init init, int padding) {
  EvpPkeyCtx context(need(EVP_PKEY_CTX_new_from_pkey(crypto::library(), key.get(), nullptr)));
  if (init(context.get()) != 1 || EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) != 1)
    throw InvalidData("the public key cannot be used");
  return context;
}

Bytes encrypt(const EvpPkeyCtx& context, BytesView input) {
  std::size_t size = 0;
  if (EVP_PKEY_encrypt(context.get(), nullptr, &size, input.data(), input.size()) != 1)
    throw InvalidData("the data does not suit this key");
  Bytes output(size);
  if (EVP_PKEY_encrypt(context.get(), output.data(), &size, input.data(), input.size()) != 1)
    throw InvalidData("the data does not suit this key");
  output.resize(size);
  return output;
}

}  // namespace

Bytes rsa_public(const RsaPublicKey& key, BytesView input) {
  if (input.size() != key.modulus.size())
    throw InvalidData("the input is not as long as the modulus");
  const EvpPkey pkey = rsa_key(key);
  return encrypt(rsa_context(pkey, EVP_PKEY_encrypt_init, RSA_NO_PADDING), input);
}

bool rsa_verify_pkcs1(const RsaPublicKey& key, BytesView data, BytesView signature) {
  if (signature.size() != key.modulus.size()) return false;
  try {
    return equal(rsa_public(key, signature), pad_pkcs1_sign(data, key.modulus.size()));
  } catch (const InvalidData&) {
    return false;
  }
}

bool rsa_verify_pss(const RsaPublicKey& key, BytesView hash_value, Hash hash, Hash mgf,
                    std::size_t salt_size, BytesView signature) {
  const EvpPkey pkey = rsa_key(key);
  const EvpPkeyCtx context = rsa_context(pkey, EVP_PKEY_verify_init, RSA_PKCS1_PSS_PADDING);
  const EvpMd md = fetch(hash);
  const EvpMd mgf_md = fetch(mgf);
  if (EVP_PKEY_CTX_set_signature_md(context.get(), md.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), mgf_md.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), static_cast<int>(salt_size)) != 1)
    throw InvalidData("these PSS parameters cannot be used");
  return EVP_PKEY_verify(context.get(), signature.data(), signature.size(), hash_value.data(),
                         hash_value.size()) == 1;
}

Bytes rsa_encrypt_pkcs1(const RsaPublicKey& key, BytesView data) {
  const EvpPkey pkey = rsa_key(key);
  return encrypt(rsa_context(pkey, EVP_PKEY_encrypt_init, RSA_PKCS1_PADDING), data);
}

Bytes rsa_encrypt_oaep(const RsaPublicKey& key, BytesView data, Hash hash, Hash mgf,
                       BytesView label) {
  const EvpPkey pkey = rsa_key(key);
  const EvpPkeyCtx context = rsa_context(pkey, EVP_PKEY_encrypt_init, RSA_PKCS1_OAEP_PADDING);
  const EvpMd md = fetch(hash);
  const EvpMd mgf_md = fetch(mgf);
  if (EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), md.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), mgf_md.get()) != 1)
    throw InvalidData("these OAEP parameters cannot be used");
  if (!label.empty()) {
    // OpenSSL takes the copy over and frees it with OPENSSL_free.
    void* copy = need(OPENSSL_memdup(label.data(), label.size()));
    if (EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), copy, static_cast<int>(label.size())) !=
        1) {
      OPENSSL_free(copy);
      throw InvalidData("this OAEP label cannot be used");
    }
  }
  return encrypt(context, data);
}

bool ecdsa_verify(const EcPublicKey& key, BytesView hash_value, BytesView signature) {
  if (signature.empty() || signature.size() % 2 != 0) return false;
  const std::size_t half = signature.size() / 2;
  Signature pair(need(ECDSA_SIG_new()));
  BigNumber r = number(signature.first(half));
  BigNumber s = number(signature.subspan(half));
  ECDSA_SIG_set0(pair.get(), r.release(), s.release());
  unsigned char* raw = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &raw);
  if (size <= 0) throw std::bad_alloc();
  const Bytes der(raw, raw + size);
  OPENSSL_free(raw);

  const unsigned char* at = key.parameters.data();
  const std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>> oid(
      d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(key.parameters.size())));
  if (!oid) throw InvalidData("the curve is not named by an object identifier");
  const char* curve = OBJ_nid2sn(OBJ_obj2nid(oid.get()));
  const ParamBuild build(need(OSSL_PARAM_BLD_new()));
  OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
  OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, key.point.data(),
                                   key.point.size());
  const EvpPkey pkey = make_key("EC", build.get());
  const EvpPkeyCtx context(
      need(EVP_PKEY_CTX_new_from_pkey(crypto::library(), pkey.get(), nullptr)));
  if (EVP_PKEY_verify_init(context.get()) != 1) throw InvalidData("the public key cannot be used");
  return EVP_PKEY_verify(context.get(), der.data(), der.size(), hash_value.data(),
                         hash_value.size()) == 1;
}

}  // namespace kilt::p11::host
