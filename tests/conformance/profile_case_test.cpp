// The mandatory cases of the OASIS "PKCS #11 Profiles Version 3.2": BL-M-1, EXT-M-1, AUTH-M-1 and
// CERT-M-1, played call by call from a fresh C_Initialize. The sequences are those of the cases;
// where the profiles let values vary (names, handles, keys), the token's own are taken and checked.
#include <algorithm>

#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

constexpr const char* kNoClaim = "the token does not claim this profile";

/// What all four begin and end with.
class ProfileCases : public ::testing::Test {
 protected:
  void SetUp() override {
    f_ = v3_2() != nullptr ? v3_2() : v3_0();
    if (f_ == nullptr) GTEST_SKIP() << "the profiles are of v3.x";
    ASSERT_EQ(CKR_OK, f_->C_Initialize(nullptr));
    CK_INFO info{};
    ASSERT_EQ(CKR_OK, f_->C_GetInfo(&info));
    EXPECT_EQ(f_->version.major, info.cryptokiVersion.major);
    EXPECT_EQ(f_->version.minor, info.cryptokiVersion.minor);
    EXPECT_EQ(0UL, info.flags);
    CK_ULONG count = 0;
    ASSERT_EQ(CKR_OK, f_->C_GetSlotList(CK_TRUE, nullptr, &count));
    ASSERT_GT(count, 0UL);
    std::vector<CK_SLOT_ID> slots(count);
    ASSERT_EQ(CKR_OK, f_->C_GetSlotList(CK_TRUE, slots.data(), &count));
    slot_ = test_slot();
    EXPECT_EQ(1, std::ranges::count(slots, slot_));
  }
  void TearDown() override {
    if (f_ == nullptr) return;
    if (session_ != 0) {
      EXPECT_EQ(CKR_OK, f_->C_CloseSession(session_));
    }
    EXPECT_EQ(CKR_OK, f_->C_CloseAllSessions(slot_));
    EXPECT_EQ(CKR_OK, f_->C_Finalize(nullptr));
  }
  void slot_and_token() {
    CK_SLOT_INFO slot{};
    ASSERT_EQ(CKR_OK, f_->C_GetSlotInfo(slot_, &slot));
    EXPECT_TRUE(slot.flags & CKF_TOKEN_PRESENT);
    CK_TOKEN_INFO token{};
    ASSERT_EQ(CKR_OK, f_->C_GetTokenInfo(slot_, &token));
    constexpr CK_FLAGS kFlags =
        CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED;
    EXPECT_EQ(kFlags, token.flags & kFlags);
  }
  void open(CK_FLAGS flags) {
    ASSERT_EQ(CKR_OK,
              f_->C_OpenSession(slot_, flags | CKF_SERIAL_SESSION, nullptr, nullptr, &session_));
  }
  /// Up to `most` objects of the template.
  std::vector<CK_OBJECT_HANDLE> search(Template wanted, CK_ULONG most) {
    std::vector<CK_OBJECT_HANDLE> found(most);
    CK_ULONG count = 0;
    EXPECT_EQ(CKR_OK, f_->C_FindObjectsInit(session_, wanted.data(), wanted.size()));
    EXPECT_EQ(CKR_OK, f_->C_FindObjects(session_, found.data(), most, &count));
    EXPECT_EQ(CKR_OK, f_->C_FindObjectsFinal(session_));
    found.resize(std::min(count, most));
    return found;
  }
  Template token_objects() const {
    Template wanted;
    wanted.flag(CKA_TOKEN, true);
    return wanted;
  }
  bool claims(CK_PROFILE_ID profile) {
    Template wanted;
    wanted.number(CKA_CLASS, CKO_PROFILE).number(CKA_PROFILE_ID, profile);
    return search(wanted, 1).size() == 1;
  }
  /// Length first, then the value into a buffer of just that length.
  Bytes in_two_steps(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
    CK_ATTRIBUTE wanted{type, nullptr, 0};
    EXPECT_EQ(CKR_OK, f_->C_GetAttributeValue(session_, object, &wanted, 1));
    Bytes value(wanted.ulValueLen);
    wanted.pValue = value.data();
    EXPECT_EQ(CKR_OK, f_->C_GetAttributeValue(session_, object, &wanted, 1));
    EXPECT_EQ(value.size(), wanted.ulValueLen);
    return value;
  }
  CK_RV log_in() {
    std::string pin = options().pin;
    return f_->C_Login(session_, CKU_USER, chars(pin), pin.size());
  }
  const CK_FUNCTION_LIST_3_0* f_ = nullptr;
  CK_SLOT_ID slot_ = 0;
  CK_SESSION_HANDLE session_ = 0;
};

TEST_F(ProfileCases, BL_M_1) {
  slot_and_token();
  open(0);
  if (!claims(CKP_BASELINE_PROVIDER)) GTEST_SKIP() << kNoClaim;
  search(token_objects(), 1);
}

TEST_F(ProfileCases, EXT_M_1) {
  slot_and_token();
  CK_ULONG count = 0;
  ASSERT_EQ(CKR_OK, f_->C_GetMechanismList(slot_, nullptr, &count));
  std::vector<CK_MECHANISM_TYPE> list(count);
  ASSERT_EQ(CKR_OK, f_->C_GetMechanismList(slot_, list.data(), &count));
  for (const CK_MECHANISM_TYPE type : list) {
    CK_MECHANISM_INFO info{};
    ASSERT_EQ(CKR_OK, f_->C_GetMechanismInfo(slot_, type, &info)) << std::hex << type;
    EXPECT_NE(0UL, info.flags & ~CKF_HW);
  }
  CK_MECHANISM_INFO digest{};
  if (f_->C_GetMechanismInfo(slot_, CKM_SHA512, &digest) == CKR_OK) {
    EXPECT_EQ(CKF_DIGEST, digest.flags & CKF_DIGEST);
    EXPECT_EQ(0UL, digest.ulMinKeySize);
    EXPECT_EQ(0UL, digest.ulMaxKeySize);
  }
  open(CKF_RW_SESSION);
  if (!claims(CKP_EXTENDED_PROVIDER)) GTEST_SKIP() << kNoClaim;
  ASSERT_EQ(CKR_OK, log_in());
  search(token_objects(), 1);
  EXPECT_EQ(CKR_OK, f_->C_Logout(session_));
}

TEST_F(ProfileCases, AUTH_M_1) {
  open(CKF_RW_SESSION);
  ASSERT_EQ(CKR_OK, log_in());
  const auto pair = key_pair(session_, CKK_RSA);  // the case wants a token that has one
  if (!pair || !can(CKM_SHA256_RSA_PKCS, CKF_SIGN)) {
    GTEST_SKIP() << "the token has no RSA key to sign with, and makes none";
  }
  if (!claims(CKP_AUTHENTICATION_TOKEN)) GTEST_SKIP() << kNoClaim;
  Template public_half = token_objects();
  public_half.bytes(CKA_ID, in_two_steps(pair->public_key, CKA_ID))
      .number(CKA_CLASS, CKO_PUBLIC_KEY);
  const auto keys = search(public_half, 1);
  ASSERT_EQ(1U, keys.size());
  EXPECT_FALSE(in_two_steps(keys[0], CKA_MODULUS).empty());
  EXPECT_FALSE(in_two_steps(keys[0], CKA_PUBLIC_EXPONENT).empty());
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  ASSERT_EQ(CKR_OK, f_->C_SignInit(session_, &mechanism, pair->private_key));
  if (flag(session_, pair->private_key, CKA_ALWAYS_AUTHENTICATE).value_or(false)) {
    ASSERT_EQ(CKR_OK, login(session_, CKU_CONTEXT_SPECIFIC, options().pin));
  }
  Bytes data(391, 0x30), signature(1024);
  CK_ULONG size = signature.size();
  ASSERT_EQ(CKR_OK, f_->C_Sign(session_, data.data(), data.size(), signature.data(), &size));
  signature.resize(size);
  const auto how = std::ranges::find(signings(), CKM_SHA256_RSA_PKCS, &Signing::type);
  EXPECT_TRUE(openssl_verifies(*how, openssl_key(session_, keys[0]).get(), data, signature));
  EXPECT_EQ(CKR_OK, f_->C_Logout(session_));
}

TEST_F(ProfileCases, CERT_M_1) {
  open(0);
  Template wanted = token_objects();
  wanted.number(CKA_CLASS, CKO_CERTIFICATE);
  const auto certificates = search(wanted, 5);
  if (!claims(CKP_PUBLIC_CERTIFICATES_TOKEN)) GTEST_SKIP() << kNoClaim;
  ASSERT_FALSE(certificates.empty());
  in_two_steps(certificates[0], CKA_LABEL);
  EXPECT_EQ(0x30, in_two_steps(certificates[0], CKA_VALUE).at(0)) << "DER, without a login";
  Template key;
  key.number(CKA_CLASS, CKO_PUBLIC_KEY).bytes(CKA_ID, in_two_steps(certificates[0], CKA_ID));
  EXPECT_EQ(1U, search(key, 1).size()) << "leads to its key without a login";
}

}  // namespace
}  // namespace kilt::conformance
