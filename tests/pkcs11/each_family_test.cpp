// Objects on every family: what is named is what goes, and what was changed is read at once.
#include "tests/support/each_family.h"

namespace kilt::test {
namespace {

class FamilyObjects : public EachFamily {
 protected:
  void SetUp() override {
    EachFamily::SetUp();
    if (delegated_) return;
    ASSERT_EQ(CKR_OK, log_in_user());
  }
  CK_RV destroy(CK_OBJECT_HANDLE object) { return C_DestroyObject(session_, object); }
  /// Empty if it cannot be read.
  Bytes read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
    Bytes value(4096);
    CK_ATTRIBUTE wanted{type, value.data(), value.size()};
    if (C_GetAttributeValue(session_, object, &wanted, 1) != CKR_OK) return {};
    value.resize(wanted.ulValueLen);
    return value;
  }
  /// The token, or Kilt, has refused, as its kind does; nothing happened.
  static bool is_refusal(CK_RV rv) {
    return rv == CKR_ACTION_PROHIBITED || rv == CKR_FUNCTION_NOT_SUPPORTED ||
           rv == CKR_TOKEN_WRITE_PROTECTED;
  }
  [[nodiscard]] bool writes() const {
    const std::string kind = GetParam().kind;
    return kind == "kaztoken" || kind == "jacarta" || kind == "cardos";
  }
};

TEST_P(FamilyObjects, APublicHandleNeverTakesThePrivateKey) {
  const CK_OBJECT_HANDLE half = first_of(CKO_PUBLIC_KEY), key = private_key();
  ASSERT_NE(0U, key);
  if (half == 0) GTEST_SKIP() << "the token shows no public key";
  const CK_RV rv = destroy(half);
  if (rv == CKR_OK) {
    EXPECT_TRUE(read(half, CKA_CLASS).empty()) << "the handle lives on";
  } else {
    EXPECT_TRUE(is_refusal(rv)) << rv;
    EXPECT_EQ(Bytes{CK_FALSE}, read(half, CKA_DESTROYABLE)) << "and it was said before";
    EXPECT_FALSE(read(half, CKA_CLASS).empty());
  }
  EXPECT_EQ(writes(), rv == CKR_OK);
  EXPECT_EQ(CKR_OK, sign(key));
  EXPECT_EQ(CKR_OK, sign(private_key())) << "found again";
  // Another program, too, sees it.
  apdu::Card card(readers_->connect(kReader));
  EXPECT_FALSE(open_token(card, ProfileSet::builtin())->list().keys.empty() && !writes());
}

// As a program cleans up a pair: one half after the other.
TEST_P(FamilyObjects, ThePublicHalfCanBeDeletedAfterThePrivateOne) {
  const CK_OBJECT_HANDLE half = first_of(CKO_PUBLIC_KEY), key = private_key();
  const CK_RV rv = destroy(key);
  if (!writes()) {
    EXPECT_TRUE(is_refusal(rv)) << rv;
    EXPECT_EQ(Bytes{CK_FALSE}, read(key, CKA_DESTROYABLE));
    EXPECT_EQ(CKR_OK, sign(key));
    return;
  }
  ASSERT_EQ(CKR_OK, rv);
  EXPECT_TRUE(read(key, CKA_CLASS).empty()) << "the handle lives on";
  EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, destroy(key));
  EXPECT_EQ(CKR_OK, destroy(half));
  EXPECT_EQ(0U, private_key());
  EXPECT_EQ(0U, first_of(CKO_PUBLIC_KEY));
}

// Each answer of the card that is long enough to be a signature is spoilt once. PKCS#1 v1.5 knows
// one signature only: no other leaves the module.
TEST_P(FamilyObjects, AWrongSignatureNeverLeaves) {
  const CK_OBJECT_HANDLE key = private_key();
  const auto made = [&]() -> Bytes {
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    Bytes data(20, 0x42), signature(512);
    CK_ULONG size = signature.size();
    if (C_SignInit(session_, &mechanism, key) != CKR_OK ||
        C_Sign(session_, data.data(), data.size(), signature.data(), &size) != CKR_OK)
      return {};
    signature.resize(size);
    return signature;
  };
  const Bytes good = made();
  ASSERT_FALSE(good.empty());
  constexpr std::size_t kShortest = 64;
  std::size_t answers = 0;
  contacts_->spoil([&](Bytes& answer) {
    if (answer.size() >= kShortest) ++answers;
  });
  ASSERT_EQ(good, made());
  const std::size_t all = answers;
  unsigned refused = 0;
  for (std::size_t wanted = 0; wanted < all; ++wanted) {
    std::size_t at = 0;
    contacts_->spoil([&](Bytes& answer) {
      if (answer.size() >= kShortest && at++ == wanted)
        answer[kShortest / 2] = static_cast<Byte>(answer[kShortest / 2] ^ 0x10);
    });
    const Bytes spoilt = made();
    if (spoilt.empty())
      ++refused;
    else
      EXPECT_EQ(good, spoilt);
    contacts_->spoil({});
    static_cast<void>(log_in_user());  // some have taken it for a broken channel
  }
  EXPECT_LT(0U, refused) << "no answer was the signature";
}

TEST_P(FamilyObjects, WhatWasChangedIsReadAtOnce) {
  for (const CK_OBJECT_CLASS one : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE}) {
    const CK_OBJECT_HANDLE object = first_of(one);
    if (object == 0) continue;
    Bytes label = to_bytes("renamed"), id{0x51, static_cast<Byte>(one)};
    const Bytes before = read(object, CKA_LABEL);
    CK_ATTRIBUTE changes[]{{CKA_LABEL, label.data(), label.size()}, {CKA_ID, id.data(), id.size()}};
    const CK_RV rv = C_SetAttributeValue(session_, object, changes, 2);
    EXPECT_EQ(writes(), rv == CKR_OK) << one << ' ' << rv;
    EXPECT_EQ(rv == CKR_OK ? label : before, read(object, CKA_LABEL));
    if (rv == CKR_OK) EXPECT_EQ(id, read(object, CKA_ID));
  }
}

INSTANTIATE_TEST_SUITE_P(Cards, FamilyObjects, testing::ValuesIn(kFamilies), family_name);

}  // namespace
}  // namespace kilt::test
