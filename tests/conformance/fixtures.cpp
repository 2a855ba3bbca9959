#include "tests/conformance/fixtures.h"

#include <algorithm>

namespace kilt::conformance {

void Initialized::SetUp() {
  ASSERT_EQ(CKR_OK, p11().C_Initialize(nullptr));
  slot_ = test_slot();
}

void Initialized::TearDown() { p11().C_Finalize(nullptr); }

CK_SESSION_HANDLE Initialized::open(CK_FLAGS flags) {
  CK_SESSION_HANDLE session = 0;
  EXPECT_EQ(CKR_OK,
            p11().C_OpenSession(slot_, CKF_SERIAL_SESSION | flags, nullptr, nullptr, &session));
  return session;
}

CK_STATE Initialized::state(CK_SESSION_HANDLE session) {
  CK_SESSION_INFO info{};
  EXPECT_EQ(CKR_OK, p11().C_GetSessionInfo(session, &info));
  return info.state;
}

void WithSession::SetUp() {
  Initialized::SetUp();
  session_ = open();
}

void LoggedIn::SetUp() {
  WithSession::SetUp();
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
}

Bytes p256() { return {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}; }

CK_RV make_pair(CK_SESSION_HANDLE session, CK_KEY_TYPE type, const std::string& label, Bytes id,
                Pair& pair) {
  CK_MECHANISM mechanism{type == CKK_RSA ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, nullptr,
                         0};
  const auto info = mechanism_info(mechanism.mechanism);
  Template public_half, private_half;
  if (type == CKK_RSA) {
    public_half.number(CKA_MODULUS_BITS, std::max(1024UL, info ? info->ulMinKeySize : 0))
        .bytes(CKA_PUBLIC_EXPONENT, {1, 0, 1})
        .flag(CKA_ENCRYPT, true)
        .flag(CKA_WRAP, true);
    private_half.flag(CKA_DECRYPT, true).flag(CKA_UNWRAP, true);
  } else {
    public_half.bytes(CKA_EC_PARAMS, p256());
  }
  public_half.flag(CKA_TOKEN, true).flag(CKA_VERIFY, true).text(CKA_LABEL, label).bytes(CKA_ID, id);
  private_half.flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_SIGN, true)
      .text(CKA_LABEL, label)
      .bytes(CKA_ID, std::move(id));
  return p11().C_GenerateKeyPair(session, &mechanism, public_half.data(), public_half.size(),
                                 private_half.data(), private_half.size(), &pair.public_key,
                                 &pair.private_key);
}

namespace {

constexpr const char* kLabel = "conformance key";

std::optional<Pair> existing(CK_SESSION_HANDLE session, CK_KEY_TYPE type, bool ours) {
  Template keys;
  keys.number(CKA_CLASS, CKO_PRIVATE_KEY).number(CKA_KEY_TYPE, type);
  if (ours) keys.text(CKA_LABEL, kLabel);
  for (const CK_OBJECT_HANDLE key : find(session, keys)) {
    const auto id = attribute(session, key, CKA_ID);
    if (!id || !flag(session, key, CKA_SIGN).value_or(false)) continue;
    Template other;
    other.number(CKA_CLASS, CKO_PUBLIC_KEY).bytes(CKA_ID, *id).number(CKA_KEY_TYPE, type);
    const auto found = find(session, other);
    if (!found.empty()) return Pair{found.front(), key};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Pair> key_pair(CK_SESSION_HANDLE session, CK_KEY_TYPE type) {
  if (const auto before = existing(session, type, true)) return before;
  Pair pair;
  const Bytes id{0xC0, 0x4F, static_cast<CK_BYTE>(type)};
  if (can(type == CKK_RSA ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN,
          CKF_GENERATE_KEY_PAIR) &&
      make_pair(session, type, kLabel, id, pair) == CKR_OK)
    return pair;
  return existing(session, type, false);
}

void WithRsa::SetUp() {
  LoggedIn::SetUp();
  const auto pair = key_pair(session_, CKK_RSA);
  if (!pair) GTEST_SKIP() << "the token has no RSA key and makes none";
  pair_ = *pair;
}

}  // namespace kilt::conformance
