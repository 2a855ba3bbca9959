// Every pointer NULL in turn, every length absurd, everything else right: a careless program gets
// an error, never a crash (PKCS#11 v3.2, 5.1.6, CKR_ARGUMENTS_BAD).
#include "tests/conformance/fixtures.h"

namespace kilt::conformance {
namespace {

/// Lengths that no caller can mean. A module that believes them reads or allocates beyond reason.
const std::vector<CK_ULONG> kAbsurd{~0UL, ~0UL - 1, ~0UL / 2 + 1,
                                    sizeof(CK_ULONG) == 8 ? ~0UL / 16 + 1 : ~0UL - 2};

class Arguments : public WithRsa {
 protected:
  CK_MECHANISM sha256_{CKM_SHA256, nullptr, 0}, sign_{CKM_SHA256_RSA_PKCS, nullptr, 0},
      crypt_{CKM_RSA_PKCS, nullptr, 0};
  Bytes data_ = Bytes(32, 7), buffer_ = Bytes(1024);
  CK_ULONG size_ = 1024;
};

TEST_F(Arguments, NullInObjectFunctions) {
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 0;
  Template wanted;
  wanted.number(CKA_CLASS, CKO_DATA);
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_CreateObject(session_, wanted.data(), 1, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_CreateObject(session_, nullptr, 1, &object));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_GetAttributeValue(session_, pair_.public_key, nullptr, 1));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_SetAttributeValue(session_, pair_.public_key, nullptr, 1));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_FindObjectsInit(session_, nullptr, 1));
  ASSERT_EQ(CKR_OK, p11().C_FindObjectsInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_FindObjects(session_, nullptr, 1, &count));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_FindObjects(session_, &object, 1, nullptr));
}

TEST_F(Arguments, NullValueInATemplate) {
  // With an object that has a label of this length, so that somebody may look there.
  Template labelled;
  labelled.number(CKA_CLASS, CKO_DATA).flag(CKA_TOKEN, false).text(CKA_LABEL, "label");
  CK_OBJECT_HANDLE object = 0;
  p11().C_CreateObject(session_, labelled.data(), labelled.size(), &object);
  CK_ATTRIBUTE null_value{CKA_LABEL, nullptr, 5};
  EXPECT_TRUE(is_one_of(p11().C_FindObjectsInit(session_, &null_value, 1),
                        {CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_VALUE_INVALID}));
}

TEST_F(Arguments, AbsurdLengthOfAValue) {
  CK_ULONG value = CKO_DATA;
  for (const CK_ULONG length : kAbsurd) {
    CK_ATTRIBUTE two[]{{CKA_CLASS, &value, sizeof value}, {CKA_LABEL, &value, length}};
    CK_OBJECT_HANDLE object = 0;
    EXPECT_NE(CKR_OK, p11().C_CreateObject(session_, two, 2, &object)) << length;
  }
}

TEST_F(Arguments, AbsurdCountOfAttributes) {
  CK_ULONG value = CKO_DATA;
  CK_ATTRIBUTE one{CKA_CLASS, &value, sizeof value};
  for (const CK_ULONG count : kAbsurd) {
    CK_OBJECT_HANDLE object = 0;
    EXPECT_NE(CKR_OK, p11().C_CreateObject(session_, &one, count, &object)) << count;
  }
}

TEST_F(Arguments, ShortClassInATemplate) {
  CK_ULONG value = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE one{CKA_CLASS, &value, 1};
  const CK_RV rv = p11().C_FindObjectsInit(session_, &one, 1);
  if (rv != CKR_OK) return;
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 7;
  EXPECT_EQ(CKR_OK, p11().C_FindObjects(session_, &object, 1, &count));
  EXPECT_EQ(0UL, count) << "no class is one byte long";
}

TEST_F(Arguments, NullMechanism) {
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_DigestInit(session_, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_SignInit(session_, nullptr, pair_.private_key));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_VerifyInit(session_, nullptr, pair_.public_key));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_EncryptInit(session_, nullptr, pair_.public_key));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_DecryptInit(session_, nullptr, pair_.private_key));
  Pair pair;
  Template half;
  half.number(CKA_MODULUS_BITS, 1024);
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_GenerateKeyPair(session_, nullptr, half.data(), 1, nullptr,
                                                       0, &pair.public_key, &pair.private_key));
}

TEST_F(Arguments, NullInDigest) {
  if (!can(CKM_SHA256, CKF_DIGEST)) GTEST_SKIP() << "no SHA-256 digest";
  ASSERT_EQ(CKR_OK, p11().C_DigestInit(session_, &sha256_));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_Digest(session_, data_.data(), 32, buffer_.data(), nullptr));
  if (p11().C_DigestInit(session_, &sha256_) != CKR_OPERATION_ACTIVE) {
    EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_DigestUpdate(session_, nullptr, 32));
  }
}

TEST_F(Arguments, NullInSign) {
  if (!can(CKM_SHA256_RSA_PKCS, CKF_SIGN)) GTEST_SKIP() << "no CKM_SHA256_RSA_PKCS";
  ASSERT_EQ(CKR_OK, p11().C_SignInit(session_, &sign_, pair_.private_key));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_Sign(session_, nullptr, 32, buffer_.data(), &size_));
}

TEST_F(Arguments, NullLengthInSign) {
  if (!can(CKM_SHA256_RSA_PKCS, CKF_SIGN)) GTEST_SKIP() << "no CKM_SHA256_RSA_PKCS";
  ASSERT_EQ(CKR_OK, p11().C_SignInit(session_, &sign_, pair_.private_key));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_Sign(session_, data_.data(), 32, buffer_.data(), nullptr));
}

TEST_F(Arguments, NullSignatureInVerify) {
  if (!can(CKM_SHA256_RSA_PKCS, CKF_VERIFY)) GTEST_SKIP() << "no verification";
  ASSERT_EQ(CKR_OK, p11().C_VerifyInit(session_, &sign_, pair_.public_key));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_Verify(session_, data_.data(), 32, nullptr, 128));
}

TEST_F(Arguments, NullInDecrypt) {
  if (!can(CKM_RSA_PKCS, CKF_DECRYPT)) GTEST_SKIP() << "no decryption";
  if (!flag(session_, pair_.private_key, CKA_DECRYPT).value_or(false))
    GTEST_SKIP() << "the key does not decrypt";
  ASSERT_EQ(CKR_OK, p11().C_DecryptInit(session_, &crypt_, pair_.private_key));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_Decrypt(session_, nullptr, 128, buffer_.data(), &size_));
}

TEST_F(Arguments, AbsurdLengthInVerify) {
  if (!can(CKM_SHA256_RSA_PKCS, CKF_VERIFY)) GTEST_SKIP() << "no verification";
  for (const CK_ULONG length : kAbsurd) {
    ASSERT_EQ(CKR_OK, p11().C_VerifyInit(session_, &sign_, pair_.public_key));
    EXPECT_NE(CKR_OK, p11().C_Verify(session_, data_.data(), 32, buffer_.data(), length));
  }
}

TEST_F(Arguments, PssParameters) {
  if (!can(CKM_SHA256_RSA_PKCS_PSS, CKF_SIGN)) GTEST_SKIP() << "no CKM_SHA256_RSA_PKCS_PSS";
  CK_RSA_PKCS_PSS_PARAMS pss{CKM_SHA256, CKG_MGF1_SHA256, 32};
  const auto init = [&](void* parameter, CK_ULONG size) {
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS_PSS, parameter, size};
    return p11().C_SignInit(session_, &mechanism, pair_.private_key);
  };
  for (const CK_ULONG size : {0UL, sizeof pss - 1, sizeof pss + 1, ~0UL})
    EXPECT_TRUE(is_one_of(init(&pss, size), {CKR_ARGUMENTS_BAD, CKR_MECHANISM_PARAM_INVALID}))
        << size;
  EXPECT_TRUE(
      is_one_of(init(nullptr, sizeof pss), {CKR_ARGUMENTS_BAD, CKR_MECHANISM_PARAM_INVALID}));
  pss.hashAlg = CKM_SHA_1;
  EXPECT_TRUE(is_one_of(init(&pss, sizeof pss), {CKR_ARGUMENTS_BAD, CKR_MECHANISM_PARAM_INVALID}))
      << "another hash than the mechanism's";
}

TEST_F(Arguments, NullInSessionFunctions) {
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_GenerateRandom(session_, nullptr, 16));
  ASSERT_EQ(CKR_OK, p11().C_Logout(session_));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_Login(session_, CKU_USER, nullptr, 6));
  std::string pin = options().pin;
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_SetPIN(session_, nullptr, 6, chars(pin), pin.size()));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_SetPIN(session_, chars(pin), pin.size(), nullptr, 6));
}

TEST_F(Arguments, AbsurdLengthOfAPin) {
  ASSERT_EQ(CKR_OK, p11().C_Logout(session_));
  std::string pin = options().pin;
  for (const CK_ULONG length : kAbsurd)
    EXPECT_TRUE(is_one_of(p11().C_Login(session_, CKU_USER, chars(pin), length),
                          {CKR_PIN_INCORRECT, CKR_ARGUMENTS_BAD}))
        << "CKR_PIN_LEN_RANGE is for functions that set a PIN (5.1.6)";
  EXPECT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
}

TEST_F(Arguments, HandlesOfEveryWrongKind) {
  for (const CK_OBJECT_HANDLE handle : {0UL, ~0UL, 0x7FFFFFFFUL}) {
    EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, p11().C_DestroyObject(session_, handle)) << handle;
    CK_ATTRIBUTE label{CKA_LABEL, nullptr, 0};
    EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, p11().C_GetAttributeValue(session_, handle, &label, 1));
    EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, p11().C_Logout(handle));
    EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, p11().C_CloseSession(handle));
    EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, p11().C_FindObjectsFinal(handle));
  }
}

}  // namespace
}  // namespace kilt::conformance
