// Every pointer NULL and every length absurd, at every function that works (hardening point 2):
// with everything else right, so that the check itself is what refuses.
#include <limits>

#include "tests/support/all_functions.h"
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

/// Lengths that no caller can mean: half of the address space and more, where it is a large one
/// much less.
const std::vector<CK_ULONG> kAbsurd = [] {
  constexpr CK_ULONG kMost = std::numeric_limits<CK_ULONG>::max();
  std::vector<CK_ULONG> lengths{kMost, kMost - 1, kMost / 2 + 1};
  if (sizeof(CK_ULONG) == 8) lengths.insert(lengths.end(), {kMost / 16 + 1, kMost / 0x8000 + 1});
  return lengths;
}();

class Arguments : public KaztokenTest {
 protected:
  void SetUp() override {
    KaztokenTest::SetUp();
    session_ = user_session();
    pair_ = generate_rsa(session_);
  }
  CK_MECHANISM pkcs1_{CKM_RSA_PKCS, nullptr, 0};
  CK_MECHANISM sha256_{CKM_SHA256, nullptr, 0};
  CK_SESSION_HANDLE session_ = 0;
  Pair pair_;
  Bytes data_ = Bytes(32, 0x11);
  Bytes buffer_ = Bytes(512, 0);
  CK_ULONG size_ = 512;
};

TEST_F(Arguments, NullsWithAValidSessionAndSlot) {
  for (const auto& [name, call] : all_functions_with_nulls(session_, 0)) {
    const std::string text(name);
    // These do what they say with such arguments: tested elsewhere.
    if (text == "C_Finalize" || text == "C_CloseSession" || text == "C_CloseAllSessions" ||
        text == "C_Logout" || text == "C_WaitForSlotEvent" || text == "C_SessionCancel")
      continue;
    const CK_RV rv = call();
    if (text == "C_FindObjectsInit") {
      EXPECT_EQ(CKR_OK, rv) << "no template finds everything";
      EXPECT_EQ(CKR_OK, C_FindObjectsFinal(session_));
      continue;
    }
    EXPECT_NE(CKR_OK, rv) << name;
    EXPECT_NE(CKR_GENERAL_ERROR, rv) << name;
    EXPECT_NE(CKR_HOST_MEMORY, rv) << name;
  }
}

TEST_F(Arguments, General) {
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetInfo(nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetSlotList(CK_FALSE, nullptr, nullptr));
  CK_SLOT_ID slot = 0;
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetSlotList(CK_FALSE, &slot, nullptr));
  CK_ULONG none = 0;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL, C_GetSlotList(CK_FALSE, &slot, &none));
  EXPECT_EQ(1U, none);
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetSlotInfo(0, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetTokenInfo(0, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetMechanismList(0, nullptr, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetMechanismInfo(0, CKM_RSA_PKCS, nullptr));
  CK_MECHANISM_INFO info{};
  EXPECT_EQ(CKR_MECHANISM_INVALID, C_GetMechanismInfo(0, ~0UL, &info));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetSessionInfo(session_, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_WaitForSlotEvent(CKF_DONT_BLOCK, nullptr, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &slot));
  for (const CK_SLOT_ID wrong : {1UL, 1000UL, ~0UL}) {
    CK_SLOT_INFO slot_info{};
    EXPECT_EQ(CKR_SLOT_ID_INVALID, C_GetSlotInfo(wrong, &slot_info));
    CK_SESSION_HANDLE session = 0;
    EXPECT_EQ(CKR_SLOT_ID_INVALID,
              C_OpenSession(wrong, CKF_SERIAL_SESSION, nullptr, nullptr, &session));
  }
}

TEST_F(Arguments, PinsNeverReachTheTokenIfAbsurd) {
  ASSERT_EQ(CKR_OK, C_Logout(session_));
  std::string pin = kUserPin;
  card_->restart_count();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Login(session_, CKU_USER, nullptr, 6));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Login(session_, CKU_USER, nullptr, 0));
  EXPECT_EQ(CKR_PIN_INCORRECT, C_Login(session_, CKU_USER, chars(pin), 0));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_SetPIN(session_, nullptr, 6, chars(pin), pin.size()));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_SetPIN(session_, chars(pin), pin.size(), nullptr, 6));
  EXPECT_EQ(CKR_PIN_LEN_RANGE, C_SetPIN(session_, chars(pin), 0, chars(pin), 6));
  EXPECT_EQ(CKR_PIN_LEN_RANGE, C_SetPIN(session_, chars(pin), 6, chars(pin), 0));
  for (const CK_ULONG length : kAbsurd) {
    EXPECT_EQ(CKR_PIN_INCORRECT, C_Login(session_, CKU_USER, chars(pin), length));
    EXPECT_EQ(CKR_PIN_LEN_RANGE, C_SetPIN(session_, chars(pin), length, chars(pin), 6));
    EXPECT_EQ(CKR_PIN_LEN_RANGE, C_SetPIN(session_, chars(pin), 6, chars(pin), length));
  }
  EXPECT_EQ(0U, card_->count());
  EXPECT_NE(CKR_OK, C_Login(session_, 77, chars(pin), pin.size()));
  ASSERT_EQ(CKR_OK, log_in(session_, CKU_USER, kUserPin));
  ASSERT_EQ(CKR_OK, C_Logout(session_));
  ASSERT_EQ(CKR_OK, log_in(session_, CKU_SO, kSoPin));
  card_->restart_count();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_InitPIN(session_, nullptr, 6));
  EXPECT_EQ(CKR_PIN_LEN_RANGE, C_InitPIN(session_, chars(pin), 0));
  for (const CK_ULONG length : kAbsurd)
    EXPECT_EQ(CKR_PIN_LEN_RANGE, C_InitPIN(session_, chars(pin), length));
  EXPECT_EQ(0U, card_->count());
}

TEST_F(Arguments, InitTokenErasesNothing) {
  ASSERT_EQ(CKR_OK, C_CloseSession(session_));
  std::string pin = kSoPin, label(32, ' ');
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_InitToken(0, chars(pin), pin.size(), nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_InitToken(0, nullptr, 8, chars(label)));
  EXPECT_EQ(CKR_PIN_LEN_RANGE, C_InitToken(0, chars(pin), 0, chars(label)));
  for (const CK_ULONG length : kAbsurd)
    EXPECT_EQ(CKR_PIN_LEN_RANGE, C_InitToken(0, chars(pin), length, chars(label)));
  session_ = user_session();
  EXPECT_EQ(1U, find_class(session_, CKO_PRIVATE_KEY).size());
}

TEST_F(Arguments, Templates) {
  CK_OBJECT_HANDLE object = 0;
  CK_OBJECT_CLASS data_class = CKO_DATA;
  CK_ATTRIBUTE attribute{CKA_CLASS, &data_class, sizeof data_class};
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_CreateObject(session_, &attribute, 1, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_CreateObject(session_, nullptr, 1, &object));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetAttributeValue(session_, pair_.private_key, nullptr, 1));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_SetAttributeValue(session_, pair_.private_key, nullptr, 1));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_FindObjectsInit(session_, nullptr, 1));
  EXPECT_NE(CKR_OK, C_CopyObject(session_, pair_.private_key, nullptr, 1, &object));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_CopyObject(session_, pair_.private_key, nullptr, 0, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetObjectSize(session_, pair_.private_key, nullptr));
  for (const CK_ULONG count : kAbsurd) {
    EXPECT_EQ(CKR_ARGUMENTS_BAD, C_CreateObject(session_, &attribute, count, &object));
    EXPECT_EQ(CKR_ARGUMENTS_BAD,
              C_GetAttributeValue(session_, pair_.private_key, &attribute, count));
    EXPECT_EQ(CKR_ARGUMENTS_BAD,
              C_SetAttributeValue(session_, pair_.private_key, &attribute, count));
    EXPECT_EQ(CKR_ARGUMENTS_BAD, C_FindObjectsInit(session_, &attribute, count));
    CK_ATTRIBUTE huge{CKA_LABEL, &data_class, count};
    EXPECT_EQ(CKR_ATTRIBUTE_VALUE_INVALID, C_FindObjectsInit(session_, &huge, 1));
    CK_ATTRIBUTE two[]{{CKA_CLASS, &data_class, sizeof data_class},
                       {CKA_LABEL, &data_class, count}};
    EXPECT_EQ(CKR_ATTRIBUTE_VALUE_INVALID, C_CreateObject(session_, two, 2, &object));
    EXPECT_EQ(CKR_ATTRIBUTE_VALUE_INVALID,
              C_SetAttributeValue(session_, pair_.private_key, &huge, 1));
  }
  CK_ATTRIBUTE null_value{CKA_LABEL, nullptr, 5};
  EXPECT_EQ(CKR_ATTRIBUTE_VALUE_INVALID, C_FindObjectsInit(session_, &null_value, 1));
  EXPECT_EQ(CKR_ATTRIBUTE_VALUE_INVALID,
            C_SetAttributeValue(session_, pair_.private_key, &null_value, 1));
  CK_ATTRIBUTE short_class{CKA_CLASS, &data_class, 1};
  EXPECT_NE(CKR_OK, C_CreateObject(session_, &short_class, 1, &object));
  CK_ATTRIBUTE twice[]{{CKA_LABEL, &data_class, 1}, {CKA_LABEL, &data_class, 2}};
  EXPECT_EQ(CKR_TEMPLATE_INCONSISTENT, C_FindObjectsInit(session_, twice, 2));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, C_FindObjectsFinal(session_));
}

TEST_F(Arguments, AThousandAttributes) {
  std::vector<CK_ATTRIBUTE> many(1000);
  std::vector<Byte> value(8);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = {0x80000000UL + i, value.data(), 8};
  EXPECT_EQ(CKR_ATTRIBUTE_TYPE_INVALID,
            C_GetAttributeValue(session_, pair_.public_key, many.data(), many.size()));
  for (const CK_ATTRIBUTE& one : many) EXPECT_EQ(CK_UNAVAILABLE_INFORMATION, one.ulValueLen);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = {0x80000000UL + i, value.data(), 8};
  EXPECT_EQ(CKR_OK, C_FindObjectsInit(session_, many.data(), many.size()));
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 1;
  EXPECT_EQ(CKR_OK, C_FindObjects(session_, &object, 1, &count));
  EXPECT_EQ(0U, count);
  EXPECT_EQ(CKR_OK, C_FindObjectsFinal(session_));
}

TEST_F(Arguments, FindObjects) {
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 0;
  ASSERT_EQ(CKR_OK, C_FindObjectsInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_FindObjects(session_, &object, 1, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_FindObjects(session_, nullptr, 1, &count));
  EXPECT_EQ(CKR_OK, C_FindObjects(session_, nullptr, 0, &count));
  EXPECT_EQ(0U, count);
  std::vector<CK_OBJECT_HANDLE> all(100);
  EXPECT_EQ(CKR_OK, C_FindObjects(session_, all.data(), ~0UL, &count)) << "as many as there are";
  EXPECT_EQ(2U, count) << "a key pair; profiles are shown to those who ask for them";
  EXPECT_EQ(CKR_OK, C_FindObjectsFinal(session_));
}

TEST_F(Arguments, MechanismsAndTheirParameters) {
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_DigestInit(session_, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_SignInit(session_, nullptr, pair_.private_key));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_VerifyInit(session_, nullptr, pair_.public_key));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_EncryptInit(session_, nullptr, pair_.public_key));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_DecryptInit(session_, nullptr, pair_.private_key));
  CK_RSA_PKCS_PSS_PARAMS pss{CKM_SHA256, CKG_MGF1_SHA256, 32};
  CK_RSA_PKCS_OAEP_PARAMS oaep{CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, nullptr, 5};
  const auto sign_init = [&](CK_MECHANISM mechanism) {
    const CK_RV rv = C_SignInit(session_, &mechanism, pair_.private_key);
    if (rv == CKR_OK) {
      Bytes data(32, 1);
      CK_ULONG size = buffer_.size();
      return C_Sign(session_, data.data(), data.size(), buffer_.data(), &size);
    }
    return rv;
  };
  const auto decrypt_init = [&](CK_MECHANISM mechanism) {
    return C_DecryptInit(session_, &mechanism, pair_.private_key);
  };
  EXPECT_EQ(CKR_MECHANISM_INVALID, sign_init({~0UL, nullptr, 0}));
  EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, sign_init({CKM_RSA_PKCS_PSS, nullptr, 0}));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, sign_init({CKM_RSA_PKCS_PSS, nullptr, sizeof pss}));
  EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, sign_init({CKM_RSA_PKCS_PSS, &pss, sizeof pss - 1}));
  EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, sign_init({CKM_RSA_PKCS_PSS, &pss, 0}));
  for (const CK_ULONG length : kAbsurd) {
    EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, sign_init({CKM_RSA_PKCS_PSS, &pss, length}));
    EXPECT_EQ(CKR_OK, sign_init({CKM_RSA_PKCS, &pss, length})) << "not looked at where unused";
    EXPECT_NE(CKR_OK, decrypt_init({CKM_RSA_PKCS_OAEP, &oaep, length}));
    CK_RSA_PKCS_PSS_PARAMS salty = pss;
    salty.sLen = length;
    EXPECT_NE(CKR_OK, sign_init({CKM_RSA_PKCS_PSS, &salty, sizeof salty}));
    CK_RSA_PKCS_OAEP_PARAMS labelled = oaep;
    labelled.pSourceData = &labelled;
    labelled.ulSourceDataLen = length;
    EXPECT_NE(CKR_OK, decrypt_init({CKM_RSA_PKCS_OAEP, &labelled, sizeof labelled}));
  }
  EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, decrypt_init({CKM_RSA_PKCS_OAEP, &oaep, sizeof oaep}))
      << "label NULL with length 5";
  CK_RSA_PKCS_PSS_PARAMS other = pss;
  other.hashAlg = CKM_SHA_1;
  EXPECT_NE(CKR_OK, sign_init({CKM_SHA256_RSA_PKCS_PSS, &other, sizeof other})) << "another hash";
  other = pss;
  other.mgf = ~0UL;
  EXPECT_NE(CKR_OK, sign_init({CKM_RSA_PKCS_PSS, &other, sizeof other}));
  other = pss;
  other.sLen = 120;
  EXPECT_NE(CKR_OK, sign_init({CKM_RSA_PKCS_PSS, &other, sizeof other}))
      << "salt beyond the modulus";
}

TEST_F(Arguments, Digest) {
  const auto init = [&] { ASSERT_EQ(CKR_OK, C_DigestInit(session_, &sha256_)); };
  init();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Digest(session_, data_.data(), 32, buffer_.data(), nullptr));
  init();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Digest(session_, nullptr, 32, buffer_.data(), &size_));
  for (const CK_ULONG length : kAbsurd) {
    init();
    EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Digest(session_, data_.data(), length, buffer_.data(), &size_));
    init();
    EXPECT_EQ(CKR_ARGUMENTS_BAD, C_DigestUpdate(session_, data_.data(), length));
  }
  init();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_DigestUpdate(session_, nullptr, 1));
  init();
  EXPECT_EQ(CKR_OK, C_DigestUpdate(session_, nullptr, 0)) << "nothing is something to hash";
  CK_ULONG small = 31;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL, C_DigestFinal(session_, buffer_.data(), &small));
  EXPECT_EQ(32U, small);
  EXPECT_EQ(CKR_OK, C_DigestFinal(session_, nullptr, &small)) << "still alive";
  EXPECT_EQ(CKR_OK, C_DigestFinal(session_, buffer_.data(), &small));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, C_DigestFinal(session_, buffer_.data(), &small));
  init();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_DigestFinal(session_, buffer_.data(), nullptr));
}

TEST_F(Arguments, SignAndVerify) {
  const auto init = [&] { ASSERT_EQ(CKR_OK, C_SignInit(session_, &pkcs1_, pair_.private_key)); };
  const auto init_verify = [&] {
    ASSERT_EQ(CKR_OK, C_VerifyInit(session_, &pkcs1_, pair_.public_key));
  };
  init();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Sign(session_, nullptr, 5, buffer_.data(), &size_));
  init();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Sign(session_, data_.data(), 5, buffer_.data(), nullptr));
  init();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_SignUpdate(session_, nullptr, 5));
  for (const CK_ULONG length : kAbsurd) {
    init();
    EXPECT_NE(CKR_OK, C_Sign(session_, data_.data(), length, buffer_.data(), &size_));
    init();
    EXPECT_NE(CKR_OK, C_SignUpdate(session_, data_.data(), length));
    init_verify();
    EXPECT_NE(CKR_OK, C_Verify(session_, data_.data(), length, buffer_.data(), 128));
    init_verify();
    EXPECT_NE(CKR_OK, C_Verify(session_, data_.data(), 32, buffer_.data(), length));
    init_verify();
    EXPECT_NE(CKR_OK, C_VerifyUpdate(session_, data_.data(), length));
  }
  init();
  CK_ULONG small = 127;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL, C_Sign(session_, data_.data(), 32, buffer_.data(), &small));
  EXPECT_EQ(128U, small);
  EXPECT_EQ(CKR_OK, C_Sign(session_, data_.data(), 32, buffer_.data(), &small)) << "exact";
  init_verify();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Verify(session_, nullptr, 32, buffer_.data(), 128));
  init_verify();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Verify(session_, data_.data(), 32, nullptr, 128));
  init_verify();
  EXPECT_NE(CKR_OK, C_Verify(session_, data_.data(), 32, buffer_.data(), 0));
  init_verify();
  EXPECT_EQ(CKR_OK, C_Verify(session_, data_.data(), 32, buffer_.data(), 128));
}

TEST_F(Arguments, EncryptAndDecrypt) {
  const auto init_encrypt = [&] {
    ASSERT_EQ(CKR_OK, C_EncryptInit(session_, &pkcs1_, pair_.public_key));
  };
  const auto init_decrypt = [&] {
    ASSERT_EQ(CKR_OK, C_DecryptInit(session_, &pkcs1_, pair_.private_key));
  };
  init_encrypt();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Encrypt(session_, nullptr, 5, buffer_.data(), &size_));
  init_encrypt();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Encrypt(session_, data_.data(), 5, buffer_.data(), nullptr));
  for (const CK_ULONG length : kAbsurd) {
    init_encrypt();
    EXPECT_NE(CKR_OK, C_Encrypt(session_, data_.data(), length, buffer_.data(), &size_));
    init_decrypt();
    EXPECT_NE(CKR_OK, C_Decrypt(session_, data_.data(), length, buffer_.data(), &size_));
    init_decrypt();
    EXPECT_NE(CKR_OK, C_DecryptUpdate(session_, data_.data(), length, buffer_.data(), &size_));
  }
  init_encrypt();
  Bytes cryptogram(128);
  CK_ULONG size = 127;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL, C_Encrypt(session_, data_.data(), 32, cryptogram.data(), &size));
  EXPECT_EQ(CKR_OK, C_Encrypt(session_, data_.data(), 32, cryptogram.data(), &size));
  init_decrypt();
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Decrypt(session_, nullptr, 128, buffer_.data(), &size_));
  init_decrypt();
  EXPECT_EQ(CKR_ARGUMENTS_BAD,
            C_Decrypt(session_, cryptogram.data(), 128, buffer_.data(), nullptr));
  init_decrypt();
  size = 31;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL,
            C_Decrypt(session_, cryptogram.data(), 128, buffer_.data(), &size));
  EXPECT_EQ(32U, size);
  EXPECT_EQ(CKR_OK, C_Decrypt(session_, cryptogram.data(), 128, buffer_.data(), &size));
  EXPECT_TRUE(equal(data_, BytesView(buffer_).first(32)));
}

TEST_F(Arguments, KeysAndRandom) {
  CK_MECHANISM generate{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
  CK_ULONG bits = 1024;
  CK_ATTRIBUTE attribute{CKA_MODULUS_BITS, &bits, sizeof bits};
  CK_OBJECT_HANDLE one = 0, two = 0;
  const auto call = [&](CK_MECHANISM* mechanism, CK_ATTRIBUTE* a, CK_ULONG na, CK_ATTRIBUTE* b,
                        CK_ULONG nb, CK_OBJECT_HANDLE* x, CK_OBJECT_HANDLE* y) {
    return C_GenerateKeyPair(session_, mechanism, a, na, b, nb, x, y);
  };
  EXPECT_EQ(CKR_ARGUMENTS_BAD, call(nullptr, &attribute, 1, nullptr, 0, &one, &two));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, call(&generate, nullptr, 1, nullptr, 0, &one, &two));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, call(&generate, &attribute, 1, nullptr, 1, &one, &two));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, call(&generate, &attribute, 1, nullptr, 0, nullptr, &two));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, call(&generate, &attribute, 1, nullptr, 0, &one, nullptr));
  for (const CK_ULONG length : kAbsurd) {
    EXPECT_EQ(CKR_ARGUMENTS_BAD, call(&generate, &attribute, length, nullptr, 0, &one, &two));
    EXPECT_EQ(CKR_ARGUMENTS_BAD, call(&generate, &attribute, 1, &attribute, length, &one, &two));
    bits = length;
    EXPECT_NE(CKR_OK, call(&generate, &attribute, 1, nullptr, 0, &one, &two)) << "bits " << length;
    EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GenerateRandom(session_, buffer_.data(), length));
    EXPECT_NE(CKR_OK, C_SeedRandom(session_, buffer_.data(), length));
  }
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GenerateRandom(session_, nullptr, 16));
  EXPECT_EQ(1U, find_class(session_, CKO_PRIVATE_KEY).size()) << "and no key was made";
}

TEST_F(Arguments, WrongHandlesOfEveryKind) {
  for (const CK_ULONG handle : {0UL, ~0UL, 0x7FFFFFFFUL, pair_.private_key + 1000}) {
    for (const auto& [name, call] : all_functions_with_nulls(handle, handle)) {
      const std::string text(name);
      if (text == "C_Finalize" || text == "C_WaitForSlotEvent") continue;
      if (handle == 0 && text.find("Slot") != std::string::npos) continue;  // slot 0 exists
      if (handle == 0 &&
          (text == "C_CloseAllSessions" || text == "C_GetTokenInfo" || text == "C_OpenSession" ||
           text == "C_InitToken" || text.find("C_GetMechanism") == 0))
        continue;
      EXPECT_NE(CKR_OK, call()) << name << " with " << handle;
    }
    EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, C_DestroyObject(session_, handle));
    EXPECT_EQ(CKR_KEY_HANDLE_INVALID, C_SignInit(session_, &pkcs1_, handle));
  }
  EXPECT_NE(CKR_OK, C_SignInit(session_, &pkcs1_, pair_.public_key)) << "the other half";
  EXPECT_NE(CKR_OK, C_VerifyInit(session_, &pkcs1_, session_)) << "a session as a key";
}

}  // namespace
}  // namespace kilt::test
