// RSA key pairs made by OpenSSL, to be imported.
#pragma once

#include <memory>

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/support/kaztoken_test.h"

namespace kilt::test {

/// The numbers of a key pair, big-endian.
struct TestRsaKey {
  Bytes modulus, public_exponent, private_exponent, prime1, prime2, exponent1, exponent2,
      coefficient;

  /// What C_CreateObject takes.
  [[nodiscard]] Attributes import_template(const Bytes& id) const {
    Attributes attributes;
    attributes.number(CKA_CLASS, CKO_PRIVATE_KEY)
        .number(CKA_KEY_TYPE, CKK_RSA)
        .flag(CKA_TOKEN, true)
        .flag(CKA_SIGN, true)
        .add(CKA_ID, id)
        .add(CKA_MODULUS, modulus)
        .add(CKA_PUBLIC_EXPONENT, public_exponent)
        .add(CKA_PRIVATE_EXPONENT, private_exponent)
        .add(CKA_PRIME_1, prime1)
        .add(CKA_PRIME_2, prime2)
        .add(CKA_EXPONENT_1, exponent1)
        .add(CKA_EXPONENT_2, exponent2)
        .add(CKA_COEFFICIENT, coefficient);
    return attributes;
  }
};

inline TestRsaKey make_rsa_key(unsigned bits) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(bits), EVP_PKEY_free);
  const auto number = [&](const char* name) {
    BIGNUM* raw = nullptr;
    EXPECT_EQ(1, EVP_PKEY_get_bn_param(key.get(), name, &raw)) << name;
    Bytes bytes(static_cast<std::size_t>(BN_num_bytes(raw)));
    BN_bn2bin(raw, bytes.data());
    BN_free(raw);
    return bytes;
  };
  return {number(OSSL_PKEY_PARAM_RSA_N),         number(OSSL_PKEY_PARAM_RSA_E),
          number(OSSL_PKEY_PARAM_RSA_D),         number(OSSL_PKEY_PARAM_RSA_FACTOR1),
          number(OSSL_PKEY_PARAM_RSA_FACTOR2),   number(OSSL_PKEY_PARAM_RSA_EXPONENT1),
          number(OSSL_PKEY_PARAM_RSA_EXPONENT2), number(OSSL_PKEY_PARAM_RSA_COEFFICIENT1)};
}

}  // namespace kilt::test
