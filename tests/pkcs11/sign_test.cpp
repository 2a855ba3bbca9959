// Signatures, decryption and their counterparts on the host, checked with OpenSSL.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "drivers/crypto/hash.h"
#include "drivers/crypto/openssl.h"
#include "drivers/crypto/rsa.h"
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

using crypto::EvpMdCtx;
using crypto::EvpPkey;
using crypto::EvpPkeyCtx;

struct Case {
  const char* name;
  CK_MECHANISM_TYPE type;
  const char* hash;  ///< OpenSSL's name
  bool pss;
};

const Bytes kMessage = to_bytes(std::string_view("Kilt signs this message."));

class Sign : public KaztokenTest {
 protected:
  void SetUp() override {
    KaztokenTest::SetUp();
    session_ = user_session();
    pair_ = generate_rsa(session_);
    modulus_ = attribute(session_, pair_.public_key, CKA_MODULUS);
    exponent_ = attribute(session_, pair_.public_key, CKA_PUBLIC_EXPONENT);
  }

  /// The token's public key as OpenSSL has it: an independent referee.
  EvpPkey openssl_key() {
    OSSL_PARAM_BLD* build = OSSL_PARAM_BLD_new();
    const crypto::BigNumber n(
        BN_bin2bn(modulus_.data(), static_cast<int>(modulus_.size()), nullptr));
    const crypto::BigNumber e(
        BN_bin2bn(exponent_.data(), static_cast<int>(exponent_.size()), nullptr));
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e.get());
    OSSL_PARAM* params = OSSL_PARAM_BLD_to_param(build);
    const EvpPkeyCtx context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* key = nullptr;
    EXPECT_EQ(1, EVP_PKEY_fromdata_init(context.get()));
    EXPECT_EQ(1, EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params));
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return EvpPkey(key);
  }

  bool openssl_verifies(const Case& how, const Bytes& message, const Bytes& signature) {
    const EvpPkey key = openssl_key();
    const EvpMdCtx context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    EXPECT_EQ(1, EVP_DigestVerifyInit_ex(context.get(), &options, how.hash, nullptr, nullptr,
                                         key.get(), nullptr));
    if (how.pss) {
      EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
    }
    return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                            message.size()) == 1;
  }

  CK_SESSION_HANDLE session_ = 0;
  Pair pair_;
  Bytes modulus_, exponent_;
};

CK_RSA_PKCS_PSS_PARAMS pss(CK_MECHANISM_TYPE hash, CK_ULONG mgf, CK_ULONG salt) {
  CK_RSA_PKCS_PSS_PARAMS params{};
  params.hashAlg = hash;
  params.mgf = mgf;
  params.sLen = salt;
  return params;
}

TEST_F(Sign, EveryHashWithPkcs1) {
  for (const Case& one : {Case{"SHA-1", CKM_SHA1_RSA_PKCS, "SHA1", false},
                          Case{"SHA-224", CKM_SHA224_RSA_PKCS, "SHA224", false},
                          Case{"SHA-256", CKM_SHA256_RSA_PKCS, "SHA256", false},
                          Case{"SHA-384", CKM_SHA384_RSA_PKCS, "SHA384", false},
                          Case{"SHA-512", CKM_SHA512_RSA_PKCS, "SHA512", false}}) {
    const Bytes signature = sign(session_, {one.type, nullptr, 0}, pair_.private_key, kMessage);
    EXPECT_TRUE(openssl_verifies(one, kMessage, signature)) << one.name;
    EXPECT_FALSE(openssl_verifies(one, Bytes{1}, signature)) << one.name;
  }
}

TEST_F(Sign, PssWithAndWithoutHash) {
  auto params = pss(CKM_SHA256, CKG_MGF1_SHA256, 32);
  const Case how{"PSS", CKM_SHA256_RSA_PKCS_PSS, "SHA256", true};
  Bytes signature = sign(session_, {CKM_SHA256_RSA_PKCS_PSS, &params, sizeof params},
                         pair_.private_key, kMessage);
  EXPECT_TRUE(openssl_verifies(how, kMessage, signature));
  signature = sign(session_, {CKM_RSA_PKCS_PSS, &params, sizeof params}, pair_.private_key,
                   crypto::digest(Hash::kSha256, kMessage));
  EXPECT_TRUE(openssl_verifies(how, kMessage, signature));
}

TEST_F(Sign, BadPssParametersAreRefused) {
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS_PSS, nullptr, 0};
  EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, C_SignInit(session_, &mechanism, pair_.private_key));
  auto params = pss(CKM_SHA_1, CKG_MGF1_SHA256, 20);
  mechanism = {CKM_SHA256_RSA_PKCS_PSS, &params, sizeof params};
  EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, C_SignInit(session_, &mechanism, pair_.private_key));
  params = pss(CKM_SHA256, 77, 20);
  EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, C_SignInit(session_, &mechanism, pair_.private_key));
  mechanism.ulParameterLen = 4;
  EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, C_SignInit(session_, &mechanism, pair_.private_key));
}

TEST_F(Sign, InPartsAsInOne) {
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  const Bytes whole = sign(session_, mechanism, pair_.private_key, kMessage);
  ASSERT_EQ(CKR_OK, C_SignInit(session_, &mechanism, pair_.private_key));
  Bytes message = kMessage;
  for (Byte& byte : message) ASSERT_EQ(CKR_OK, C_SignUpdate(session_, &byte, 1));
  EXPECT_EQ(CKR_OPERATION_ACTIVE, C_SignInit(session_, &mechanism, pair_.private_key));
  Bytes signature(whole.size());
  CK_ULONG size = signature.size() - 1;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL, C_SignFinal(session_, signature.data(), &size));
  EXPECT_EQ(whole.size(), size);
  ASSERT_EQ(CKR_OK, C_SignFinal(session_, signature.data(), &size));
  EXPECT_EQ(whole, signature);
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, C_SignFinal(session_, signature.data(), &size));
}

TEST_F(Sign, RawBlockIsTheInverseOfThePublicOperation) {
  Bytes block(modulus_.size(), 0x11);
  block.at(0) = 0x00;
  const Bytes signature = sign(session_, {CKM_RSA_X_509, nullptr, 0}, pair_.private_key, block);
  EXPECT_EQ(block, crypto::rsa_public({modulus_, exponent_}, signature));
}

TEST_F(Sign, VerifiesOnTheHost) {
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  Bytes message = kMessage;
  Bytes signature = sign(session_, mechanism, pair_.private_key, message);
  card_->restart_count();
  ASSERT_EQ(CKR_OK, C_VerifyInit(session_, &mechanism, pair_.public_key));
  EXPECT_EQ(CKR_OK,
            C_Verify(session_, message.data(), message.size(), signature.data(), signature.size()));
  EXPECT_EQ(0U, card_->count());
  signature.back() ^= 1;
  ASSERT_EQ(CKR_OK, C_VerifyInit(session_, &mechanism, pair_.public_key));
  EXPECT_EQ(CKR_SIGNATURE_INVALID,
            C_Verify(session_, message.data(), message.size(), signature.data(), signature.size()));
  ASSERT_EQ(CKR_OK, C_VerifyInit(session_, &mechanism, pair_.public_key));
  EXPECT_EQ(CKR_SIGNATURE_LEN_RANGE, C_Verify(session_, message.data(), message.size(),
                                              signature.data(), signature.size() - 1));
}

class Decrypt : public Sign {
 protected:
  Bytes encrypt(CK_MECHANISM mechanism, Bytes plain) {
    EXPECT_EQ(CKR_OK, C_EncryptInit(session_, &mechanism, pair_.public_key));
    Bytes cryptogram(modulus_.size());
    CK_ULONG size = cryptogram.size();
    EXPECT_EQ(CKR_OK, C_Encrypt(session_, plain.data(), plain.size(), cryptogram.data(), &size));
    return cryptogram;
  }
  Bytes decrypt(CK_MECHANISM mechanism, Bytes cryptogram) {
    EXPECT_EQ(CKR_OK, C_DecryptInit(session_, &mechanism, pair_.private_key));
    Bytes plain(modulus_.size());
    CK_ULONG size = plain.size();
    EXPECT_EQ(CKR_OK,
              C_Decrypt(session_, cryptogram.data(), cryptogram.size(), plain.data(), &size));
    plain.resize(size);
    return plain;
  }
};

TEST_F(Decrypt, Pkcs1AndOaepThereAndBack) {
  const CK_MECHANISM pkcs1{CKM_RSA_PKCS, nullptr, 0};
  EXPECT_EQ(kMessage, decrypt(pkcs1, encrypt(pkcs1, kMessage)));
  CK_RSA_PKCS_OAEP_PARAMS params{};
  params.hashAlg = CKM_SHA256;
  params.mgf = CKG_MGF1_SHA256;
  params.source = CKZ_DATA_SPECIFIED;
  const CK_MECHANISM oaep{CKM_RSA_PKCS_OAEP, &params, sizeof params};
  EXPECT_EQ(kMessage, decrypt(oaep, encrypt(oaep, kMessage)));
}

// Implicit rejection: a wrong padding looks like another message, always the same one.
TEST_F(Decrypt, WrongPaddingTellsNothing) {
  const CK_MECHANISM pkcs1{CKM_RSA_PKCS, nullptr, 0};
  const Bytes cryptogram = crypto::rsa_public({modulus_, exponent_}, [&] {
    Bytes block(modulus_.size(), 0x22);
    block.at(0) = 0x00;
    return block;
  }());
  CK_MECHANISM mechanism = pkcs1;
  EXPECT_EQ(decrypt(mechanism, cryptogram), decrypt(mechanism, cryptogram));
}

TEST_F(Decrypt, ShortBufferKeepsTheResult) {
  CK_MECHANISM pkcs1{CKM_RSA_PKCS, nullptr, 0};
  Bytes cryptogram = encrypt(pkcs1, kMessage);
  ASSERT_EQ(CKR_OK, C_DecryptInit(session_, &pkcs1, pair_.private_key));
  Bytes plain(kMessage.size());
  CK_ULONG size = 3;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL,
            C_Decrypt(session_, cryptogram.data(), cryptogram.size(), plain.data(), &size));
  EXPECT_EQ(kMessage.size(), size);
  card_->restart_count();
  ASSERT_EQ(CKR_OK, C_Decrypt(session_, cryptogram.data(), cryptogram.size(), plain.data(), &size));
  EXPECT_EQ(kMessage, plain);
  EXPECT_EQ(0U, card_->count()) << "the token was asked once";
}

}  // namespace
}  // namespace kilt::test
