// Keys are made on the token (PKCS#11 v3.2, 5.18.2), and the PINs changed (5.5.8, 5.5.9).
#include "tests/conformance/fixtures.h"

namespace kilt::conformance {
namespace {

class KeyGeneration : public LoggedIn, public ::testing::WithParamInterface<CK_KEY_TYPE> {
 protected:
  void SetUp() override {
    LoggedIn::SetUp();
    if (!can(mechanism(), CKF_GENERATE_KEY_PAIR)) GTEST_SKIP() << "the token makes no such keys";
    if (token_info().ulFreePrivateMemory == 0) GTEST_SKIP() << "the token is full";
  }
  static CK_MECHANISM_TYPE mechanism() {
    return GetParam() == CKK_RSA ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
  }
  /// False, with the test skipped or failed, if no pair was made.
  bool make(CK_BYTE id, Pair& pair) {
    const CK_RV rv = make_pair(session_, GetParam(), "made", {0xC0, id}, pair);
    if (rv == CKR_DEVICE_MEMORY)
      full();
    else
      EXPECT_EQ(CKR_OK, rv);
    return rv == CKR_OK;
  }
  static void full() { GTEST_SKIP() << "the token has no place for another key"; }
  void destroy(const Pair& pair) {
    EXPECT_EQ(CKR_OK, p11().C_DestroyObject(session_, pair.private_key));
    // Where the halves are one thing on the card, the other went with it.
    EXPECT_TRUE(is_one_of(p11().C_DestroyObject(session_, pair.public_key),
                          {CKR_OK, CKR_OBJECT_HANDLE_INVALID}));
  }
};

TEST_P(KeyGeneration, MakesTwoHalvesThatAreOnePair) {
  Pair pair;
  if (!make(1, pair)) return;
  EXPECT_EQ(CKO_PUBLIC_KEY, number(session_, pair.public_key, CKA_CLASS));
  EXPECT_EQ(CKO_PRIVATE_KEY, number(session_, pair.private_key, CKA_CLASS));
  for (const CK_OBJECT_HANDLE half : {pair.public_key, pair.private_key}) {
    EXPECT_EQ(GetParam(), number(session_, half, CKA_KEY_TYPE));
    EXPECT_EQ((Bytes{0xC0, 1}), attribute(session_, half, CKA_ID));
    EXPECT_EQ((Bytes{'m', 'a', 'd', 'e'}), attribute(session_, half, CKA_LABEL));
    EXPECT_EQ(true, flag(session_, half, CKA_TOKEN));
    EXPECT_EQ(true, flag(session_, half, CKA_LOCAL));
  }
  destroy(pair);
}

TEST_P(KeyGeneration, TellsHowTheKeyWasMade) {
  Pair pair;
  if (!make(2, pair)) return;
  EXPECT_EQ(mechanism(), number(session_, pair.private_key, CKA_KEY_GEN_MECHANISM));
  EXPECT_EQ(true, flag(session_, pair.private_key, CKA_ALWAYS_SENSITIVE));
  EXPECT_EQ(true, flag(session_, pair.private_key, CKA_NEVER_EXTRACTABLE));
  destroy(pair);
}

TEST_P(KeyGeneration, DestroyedKeyIsGone) {
  Pair pair;
  if (!make(3, pair)) return;
  destroy(pair);
  Template wanted;
  wanted.bytes(CKA_ID, {0xC0, 3});
  EXPECT_TRUE(find(session_, wanted).empty());
}

TEST_P(KeyGeneration, NotInAReadOnlySession) {
  Pair pair;
  EXPECT_EQ(CKR_SESSION_READ_ONLY, make_pair(open(0), GetParam(), "made", {0xC0, 4}, pair));
}

TEST_P(KeyGeneration, NotWithoutLogin) {
  ASSERT_EQ(CKR_OK, p11().C_Logout(session_));
  Pair pair;
  EXPECT_EQ(CKR_USER_NOT_LOGGED_IN, make_pair(session_, GetParam(), "made", {0xC0, 5}, pair));
}

TEST_P(KeyGeneration, NeedsSizeOrCurve) {
  CK_MECHANISM how{mechanism(), nullptr, 0};
  Template half;
  half.flag(CKA_TOKEN, true);
  Pair pair;
  const CK_RV rv = p11().C_GenerateKeyPair(session_, &how, half.data(), half.size(), half.data(),
                                           half.size(), &pair.public_key, &pair.private_key);
  EXPECT_TRUE(is_one_of(rv, {CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT}));
  if (rv == CKR_OK) destroy(pair);
}

TEST_P(KeyGeneration, RefusesASizeOrCurveItDoesNotHave) {
  CK_MECHANISM how{mechanism(), nullptr, 0};
  Template half;
  half.flag(CKA_TOKEN, true).number(CKA_MODULUS_BITS, 33).bytes(CKA_EC_PARAMS, {0x06, 0x01, 0x55});
  Template other;
  other.flag(CKA_TOKEN, true);
  Pair pair;
  EXPECT_NE(CKR_OK, p11().C_GenerateKeyPair(session_, &how, half.data(), half.size(), other.data(),
                                            other.size(), &pair.public_key, &pair.private_key));
}

TEST_P(KeyGeneration, ValuesAndClassesMustAgree) {
  CK_MECHANISM how{mechanism(), nullptr, 0};
  Template half;
  half.flag(CKA_TOKEN, true)
      .number(CKA_KEY_TYPE, GetParam() == CKK_RSA ? CKK_EC : CKK_RSA)
      .number(CKA_MODULUS_BITS, 1024)
      .bytes(CKA_EC_PARAMS, p256());
  Template other;
  other.flag(CKA_TOKEN, true);
  Pair pair;
  EXPECT_TRUE(is_one_of(
      p11().C_GenerateKeyPair(session_, &how, half.data(), half.size(), other.data(), other.size(),
                              &pair.public_key, &pair.private_key),
      {CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_VALUE_INVALID, CKR_ATTRIBUTE_TYPE_INVALID}));
}

INSTANTIATE_TEST_SUITE_P(Each, KeyGeneration, ::testing::Values(CKK_RSA, CKK_EC),
                         [](const auto& one) { return one.param == CKK_RSA ? "RSA" : "EC"; });

/// Changes the user PIN and back.
class Pins : public WithSession {
 protected:
  CK_RV change(CK_SESSION_HANDLE session, std::string before, std::string after) {
    return p11().C_SetPIN(session, chars(before), before.size(), chars(after), after.size());
  }
  /// As long as the old one, and no factory's.
  static std::string other_pin() {
    std::string pin = options().pin;
    for (char& digit : pin) digit = static_cast<char>('0' + ('9' - digit + 4) % 10);
    return pin;
  }
};

TEST_F(Pins, UserChangesTheOwn) {
  for (const bool logged_in : {false, true}) {
    if (logged_in) {
      ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
    }
    const CK_RV rv = change(session_, options().pin, other_pin());
    if (rv == CKR_FUNCTION_NOT_SUPPORTED) GTEST_SKIP() << "the token's PIN cannot be changed";
    ASSERT_EQ(CKR_OK, rv);
    EXPECT_EQ(CKR_PIN_INCORRECT, change(session_, options().pin, other_pin()));
    p11().C_Logout(session_);
    EXPECT_EQ(CKR_OK, login(session_, CKU_USER, other_pin()));
    ASSERT_EQ(CKR_OK, change(session_, other_pin(), options().pin));
    EXPECT_EQ(CKR_OK, p11().C_Logout(session_));
  }
  EXPECT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
}

/// Programs (pkcs11-provider) give up on a token that says so: then the way out must exist.
TEST_F(Pins, ToBeChangedCanBeChanged) {
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  if ((token_info().flags & CKF_USER_PIN_TO_BE_CHANGED) == 0) return;
  ASSERT_EQ(CKR_OK, change(session_, options().pin, other_pin()));
  EXPECT_EQ(0U, token_info().flags & CKF_USER_PIN_TO_BE_CHANGED);
  EXPECT_EQ(CKR_OK, change(session_, other_pin(), options().pin));
}

TEST_F(Pins, NotInAReadOnlySession) {
  EXPECT_EQ(CKR_SESSION_READ_ONLY, change(open(0), options().pin, other_pin()));
}

TEST_F(Pins, LengthIsChecked) {
  const CK_TOKEN_INFO info = token_info();
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  if (info.ulMaxPinLen < 200) {
    const CK_RV rv = change(session_, options().pin, std::string(info.ulMaxPinLen + 1, '5'));
    if (rv == CKR_FUNCTION_NOT_SUPPORTED) GTEST_SKIP() << "the token's PIN cannot be changed";
    EXPECT_EQ(CKR_PIN_LEN_RANGE, rv);
  }
  EXPECT_EQ(CKR_PIN_LEN_RANGE, change(session_, options().pin, ""));
}

TEST_F(Pins, InitPinIsTheSos) {
  std::string pin = options().pin;
  EXPECT_EQ(CKR_USER_NOT_LOGGED_IN, p11().C_InitPIN(session_, chars(pin), pin.size()));
  if (options().so_pin.empty()) return;
  ASSERT_EQ(CKR_OK, login(session_, CKU_SO, options().so_pin));
  const CK_RV rv = p11().C_InitPIN(session_, chars(pin), pin.size());
  if (rv == CKR_FUNCTION_NOT_SUPPORTED) GTEST_SKIP() << "the SO cannot set the PIN";
  EXPECT_EQ(CKR_OK, rv);
  ASSERT_EQ(CKR_OK, p11().C_Logout(session_));
  EXPECT_EQ(CKR_OK, login(session_, CKU_USER, pin));
}

TEST_F(Pins, NoTokenIsInitialisedUnderAnOpenSession) {
  if (options().so_pin.empty()) GTEST_SKIP() << "no SO PIN is given";
  std::string so_pin = options().so_pin, label(32, ' ');
  EXPECT_EQ(CKR_SESSION_EXISTS,
            p11().C_InitToken(slot_, chars(so_pin), so_pin.size(), chars(label)));
}

TEST_F(Pins, FlagsTellOfAWrongTry) {
  const CK_TOKEN_INFO before = token_info();
  std::string wrong = options().pin;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  ASSERT_EQ(CKR_PIN_INCORRECT, login(session_, CKU_USER, wrong));
  const bool told = (token_info().flags & CKF_USER_PIN_COUNT_LOW) != 0;
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  if (!told) GTEST_SKIP() << "the module does not tell, as it may (3.2)";
  EXPECT_EQ(before.flags & CKF_USER_PIN_COUNT_LOW, token_info().flags & CKF_USER_PIN_COUNT_LOW);
}

}  // namespace
}  // namespace kilt::conformance
