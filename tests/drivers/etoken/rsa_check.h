// The public side of RSA and ECDSA, by OpenSSL, for what tokens sign and decipher in tests.
#pragma once

#include <memory>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "drivers/objects.h"

namespace kilt::test {

/// signature^e mod n, as long as the modulus.
inline Bytes rsa_public(const RsaPublicKey& key, BytesView block) {
  const auto number = [](BytesView bytes) {
    return std::unique_ptr<BIGNUM, void (*)(BIGNUM*)>(
        BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr), &BN_free);
  };
  const std::unique_ptr<BN_CTX, void (*)(BN_CTX*)> context(BN_CTX_new(), &BN_CTX_free);
  const auto n = number(key.modulus), e = number(key.exponent), x = number(block);
  const auto result = number({});
  BN_mod_exp(result.get(), x.get(), e.get(), n.get(), context.get());
  Bytes bytes(key.modulus.size());
  BN_bn2binpad(result.get(), bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

/// A key pair made by OpenSSL, to be imported.
inline RsaPrivateKey make_private_key(unsigned bits) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_RSA_gen(bits), &EVP_PKEY_free);
  const auto number = [&](const char* name) {
    BIGNUM* raw = nullptr;
    EVP_PKEY_get_bn_param(key.get(), name, &raw);
    Bytes bytes(static_cast<std::size_t>(BN_num_bytes(raw)));
    BN_bn2bin(raw, bytes.data());
    BN_free(raw);
    return bytes;
  };
  RsaPrivateKey value;
  value.modulus = number(OSSL_PKEY_PARAM_RSA_N);
  value.public_exponent = number(OSSL_PKEY_PARAM_RSA_E);
  value.private_exponent = SecureBytes(number(OSSL_PKEY_PARAM_RSA_D));
  value.prime1 = SecureBytes(number(OSSL_PKEY_PARAM_RSA_FACTOR1));
  value.prime2 = SecureBytes(number(OSSL_PKEY_PARAM_RSA_FACTOR2));
  value.exponent1 = SecureBytes(number(OSSL_PKEY_PARAM_RSA_EXPONENT1));
  value.exponent2 = SecureBytes(number(OSSL_PKEY_PARAM_RSA_EXPONENT2));
  value.coefficient = SecureBytes(number(OSSL_PKEY_PARAM_RSA_COEFFICIENT1));
  return value;
}

/// 00 01 FF … 00 data: PKCS#1 v1.5, type 1.
inline Bytes pkcs1_block(std::size_t size, BytesView data) {
  Bytes block(size, 0xFF);
  block[0] = 0x00;
  block[1] = 0x01;
  block[size - data.size() - 1] = 0x00;
  std::copy(data.begin(), data.end(), block.end() - static_cast<std::ptrdiff_t>(data.size()));
  return block;
}

/// r || s verifies over `hash` under the key of this certificate.
inline bool ecdsa_verifies(BytesView certificate, BytesView hash, BytesView signature) {
  const Byte* at = certificate.data();
  const std::unique_ptr<X509, void (*)(X509*)> x509(
      d2i_X509(nullptr, &at, static_cast<long>(certificate.size())), &X509_free);
  if (!x509) return false;
  const std::size_t half = signature.size() / 2;
  const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> sig(ECDSA_SIG_new(), &ECDSA_SIG_free);
  ECDSA_SIG_set0(sig.get(), BN_bin2bn(signature.data(), static_cast<int>(half), nullptr),
                 BN_bin2bn(signature.data() + half, static_cast<int>(half), nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(sig.get(), &der);
  const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context(
      EVP_PKEY_CTX_new(X509_get0_pubkey(x509.get()), nullptr), &EVP_PKEY_CTX_free);
  const bool good = EVP_PKEY_verify_init(context.get()) == 1 &&
                    EVP_PKEY_verify(context.get(), der, static_cast<std::size_t>(size), hash.data(),
                                    hash.size()) == 1;
  OPENSSL_free(der);
  return good;
}

}  // namespace kilt::test
