// C_Decrypt of PKCS#1 v1.5: what a bad padding looks like (Bleichenbacher's attack).
#include "drivers/crypto/rsa.h"
#include "tests/support/each_family.h"
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

CK_OBJECT_HANDLE key_of(CK_SESSION_HANDLE session, CK_OBJECT_CLASS object_class,
                        CK_ATTRIBUTE_TYPE use) {
  CK_KEY_TYPE type = CKK_RSA;
  CK_BBOOL yes = CK_TRUE;
  CK_ATTRIBUTE wanted[]{{CKA_CLASS, &object_class, sizeof object_class},
                        {CKA_KEY_TYPE, &type, sizeof type},
                        {use, &yes, sizeof yes}};
  EXPECT_EQ(CKR_OK, C_FindObjectsInit(session, wanted, 3));
  CK_OBJECT_HANDLE key = 0;
  CK_ULONG count = 0;
  EXPECT_EQ(CKR_OK, C_FindObjects(session, &key, 1, &count));
  EXPECT_EQ(CKR_OK, C_FindObjectsFinal(session));
  EXPECT_EQ(1U, count);
  return key;
}

std::pair<CK_RV, Bytes> decrypt(CK_SESSION_HANDLE session, Bytes cryptogram) {
  CK_MECHANISM mechanism{CKM_RSA_PKCS, nullptr, 0};
  EXPECT_EQ(CKR_OK,
            C_DecryptInit(session, &mechanism, key_of(session, CKO_PRIVATE_KEY, CKA_DECRYPT)));
  Bytes clear(512);
  CK_ULONG size = clear.size();
  const CK_RV rv = C_Decrypt(session, cryptogram.data(), cryptogram.size(), clear.data(), &size);
  clear.resize(rv == CKR_OK ? size : 0);
  return {rv, clear};
}

/// With whatever RSA key the user of the session has.
void expect_implicit_rejection(CK_SESSION_HANDLE session) {
  const CK_OBJECT_HANDLE key = key_of(session, CKO_PRIVATE_KEY, CKA_DECRYPT);
  Bytes modulus(1024), exponent(16);  // not every token shows the public half as an object
  CK_ATTRIBUTE wanted[]{{CKA_MODULUS, modulus.data(), modulus.size()},
                        {CKA_PUBLIC_EXPONENT, exponent.data(), exponent.size()}};
  ASSERT_EQ(CKR_OK, C_GetAttributeValue(session, key, wanted, 2));
  modulus.resize(wanted[0].ulValueLen);
  exponent.resize(wanted[1].ulValueLen);
  const Bytes message = to_bytes("a message");
  const Bytes cryptogram = crypto::rsa_encrypt_pkcs1({modulus, exponent}, message);
  const auto good = decrypt(session, cryptogram);
  EXPECT_EQ(CKR_OK, good.first);
  EXPECT_EQ(message, good.second);

  Bytes spoilt = cryptogram;
  spoilt.back() = static_cast<Byte>(spoilt.back() ^ 1);
  const auto bad = decrypt(session, spoilt);
  EXPECT_EQ(CKR_OK, bad.first);
  EXPECT_EQ(bad, decrypt(session, spoilt)) << "the same each time, as a message would be";
  spoilt.back() = static_cast<Byte>(spoilt.back() ^ 2);
  EXPECT_NE(bad, decrypt(session, spoilt));
}

/// Whether the token takes the padding off (IDPrime, PKCS#15 cards) or the computer.
class Padding : public EachFamily {};

TEST_P(Padding, ABadOneLooksLikeAGoodOne) {
  ASSERT_EQ(CKR_OK, log_in_user());
  expect_implicit_rejection(session_);
}

std::vector<Family> decrypting() {
  std::vector<Family> all(std::begin(kFamilies), std::end(kFamilies));
  std::erase_if(all, [](const Family& one) { return std::string(one.kind) == "idcard"; });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Tokens, Padding, testing::ValuesIn(decrypting()), family_name);

/// KILT_TEST_DELEGATE: a module, with raw RSA or without.
class DelegatedPadding : public KaztokenTest {
 protected:
  void SetUp() override {
    if (!delegated_) GTEST_SKIP() << "about another module";
    KaztokenTest::SetUp();
  }
  void TearDown() override {
    if (delegated_) KaztokenTest::TearDown();
  }
};

TEST_F(DelegatedPadding, ABadOneLooksLikeAGoodOne) {
  const CK_SESSION_HANDLE session = user_session();
  Attributes public_half, private_half;
  public_half.number(CKA_MODULUS_BITS, 1024).flag(CKA_TOKEN, true).flag(CKA_ENCRYPT, true);
  private_half.flag(CKA_TOKEN, true).flag(CKA_DECRYPT, true);
  CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
  Pair pair;
  ASSERT_EQ(CKR_OK, C_GenerateKeyPair(session, &mechanism, public_half.data(), public_half.size(),
                                      private_half.data(), private_half.size(), &pair.public_key,
                                      &pair.private_key));
  expect_implicit_rejection(session);
}

}  // namespace
}  // namespace kilt::test
