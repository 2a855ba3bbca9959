#include "drivers/crypto/rsa.h"

#include <openssl/rsa.h>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/openssl.h"
#include "drivers/crypto/padding.h"
#include "drivers/crypto/spki.h"

namespace kilt::crypto {
namespace {

constexpr std::size_t kMaxModulus = 2048;      // bytes
constexpr std::size_t kMaxSmallModulus = 384;  // bytes; beyond it only short exponents
constexpr std::size_t kMaxExponent = 8;        // bytes

EvpPkey rsa_key(const RsaPublicKey& key) { return decode_key("RSA", key); }

/// A context ready for `init`, with `padding`.
template <typename Init>
EvpPkeyCtx rsa_context(const EvpPkey& key, Init init, int padding) {
  EvpPkeyCtx context(need(EVP_PKEY_CTX_new_from_pkey(library(), key.get(), nullptr)));
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
  // A card's modulus and exponent may be anything; these bounds are OpenSSL's own.
  const std::size_t size = key.modulus.size();
  if (size > kMaxModulus || (size > kMaxSmallModulus && key.exponent.size() > kMaxExponent))
    throw InvalidData("the public key is too large");
  if (input.size() != size) throw InvalidData("the input is not as long as the modulus");
  const BigNumber n = number(key.modulus);
  const BigNumber e = number(key.exponent);
  const BigNumber base = number(input);
  const BigNumber result(need(BN_new()));
  const BigNumberCtx context(need(BN_CTX_new_ex(library())));
  if (BN_cmp(base.get(), n.get()) >= 0 ||
      BN_mod_exp(result.get(), base.get(), e.get(), n.get(), context.get()) != 1)
    throw InvalidData("the data does not suit this key");
  Bytes output(size);
  if (BN_bn2binpad(result.get(), output.data(), static_cast<int>(size)) < 0)
    throw InvalidData("the data does not suit this key");
  return output;
}

bool rsa_is_private_of(const RsaPublicKey& key, BytesView input, BytesView output) {
  try {
    return equal(rsa_public(key, output), input);
  } catch (const InvalidData&) {
    return false;
  }
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

}  // namespace kilt::crypto
