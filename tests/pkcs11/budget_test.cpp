// APDUs per operation: asserted exactly, because a change that costs one more is a change that
// somebody must have wanted.
#include <thread>

#include "drivers/pkcs15/last_update.h"
#include "drivers/registry.h"
#include "tests/support/kaztoken_test.h"
#include "tests/support/temporary_folder.h"

namespace kilt::test {
namespace {

/// A card that no profile and no driver knows.
class UnknownCard : public CardEndpoint {
 public:
  [[nodiscard]] Bytes atr() const override { return from_hex("3B0212 34"); }
  void reset() override {}
  Bytes transmit(BytesView) override { return {0x6D, 0x00}; }
};

class Budget : public KaztokenTest {
 protected:
  void SetUp() override {
    KaztokenTest::SetUp();
    const CK_SESSION_HANDLE session = user_session();
    for (const Byte id : {Byte{1}, Byte{2}}) {
      const Pair pair = generate_rsa(session, 2048, "key", {id});
      write_certificate(session, pair, {id});
    }
    C_CloseSession(session);
    // A change of this very second could be followed by another: nobody relies on its mark.
    pkcs15::set_clock([] { return std::time(nullptr) + 3600; });
    restart_cold();
  }
  void TearDown() override {
    KaztokenTest::TearDown();
    pkcs15::set_clock([] { return std::time(nullptr); });
  }
  /// Another run of a program; only what is on disk is remembered.
  void restart_cold() {
    ASSERT_EQ(CKR_OK, C_Finalize(nullptr));
    ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
    card_->restart_count();
  }
  /// What NSS and others do: every object, every value.
  std::size_t read_everything(CK_SESSION_HANDLE session) {
    std::size_t bytes = 0;
    for (const CK_OBJECT_HANDLE object : find(session))
      for (const CK_ATTRIBUTE_TYPE type : {CKA_LABEL, CKA_ID, CKA_VALUE, CKA_MODULUS}) {
        CK_ATTRIBUTE wanted{type, nullptr, 0};
        if (C_GetAttributeValue(session, object, &wanted, 1) == CKR_OK) bytes += wanted.ulValueLen;
      }
    return bytes;
  }
  /// A start after a program that left all it read on the disk.
  void restart_warm() {
    setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);
    restart_cold();
    list_slots();
    read_everything(user_session());
    restart_cold();
    list_slots();
  }
  void sign_once(CK_SESSION_HANDLE session) {
    const auto keys = find_class(session, CKO_PRIVATE_KEY);
    ASSERT_EQ(2U, keys.size());
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    EXPECT_EQ(256U, sign(session, mechanism, keys[0], Bytes{1, 2, 3}).size());
  }

  TemporaryFolder folder_;
};

TEST_F(Budget, LookingAtSlotsCostsNothing) {
  list_slots();
  list_slots(true);
  CK_SLOT_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetSlotInfo(0, &info));
  CK_SESSION_INFO session_info{};
  EXPECT_EQ(0U, card_->count());
  const CK_SESSION_HANDLE session = open_session();
  card_->restart_count();
  ASSERT_EQ(CKR_OK, C_GetSessionInfo(session, &session_info));
  EXPECT_EQ(0U, card_->count());
}

TEST_F(Budget, TokenInfoIsAskedOnce) {
  list_slots();
  CK_TOKEN_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
  EXPECT_LE(card_->count(), 5U);
  card_->restart_count();
  ASSERT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
  EXPECT_EQ(0U, card_->count());
}

TEST_F(Budget, LoginIsOneVerify) {
  list_slots();
  const CK_SESSION_HANDLE session = open_session();
  card_->restart_count();
  ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
  EXPECT_EQ(1U, card_->count());
}

TEST_F(Budget, SignatureOfRsa2048IsFourCommands) {
  list_slots();
  const CK_SESSION_HANDLE session = user_session();
  const auto keys = find_class(session, CKO_PRIVATE_KEY);
  card_->restart_count();
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  EXPECT_EQ(256U, sign(session, mechanism, keys[0], Bytes{1, 2, 3}).size());
  EXPECT_EQ(4U, card_->count());  // SELECT, MSE SET, PSO in two chained commands
}

TEST_F(Budget, ColdStartToFirstSignature) {
  list_slots();
  sign_once(user_session());
  // Both public keys are read: each signature is checked against the one it was asked of.
  EXPECT_LE(card_->count(), 24U);
}

TEST_F(Budget, ColdStartWithTokenInfoToFirstSignature) {
  list_slots();
  CK_TOKEN_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
  sign_once(user_session());
  EXPECT_LE(card_->count(), 28U);
}

TEST_F(Budget, ListingWithValues) {
  list_slots();
  const CK_SESSION_HANDLE session = user_session();
  EXPECT_LT(2000U, read_everything(session));
  EXPECT_LE(card_->count(), 35U);
  card_->restart_count();
  EXPECT_LT(2000U, read_everything(session));
  EXPECT_LE(card_->count(), 2U) << "the second listing asks only whether anything changed";
}

TEST_F(Budget, LoginDoesNotMakeValuesUnknown) {
  list_slots();
  const CK_SESSION_HANDLE session = open_session();
  read_everything(session);
  ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
  card_->restart_count();
  read_everything(session);
  EXPECT_LE(card_->count(), 2U);
}

TEST_F(Budget, WarmStartToFirstSignature) {
  restart_warm();
  const CK_SESSION_HANDLE session = user_session();
  sign_once(session);
  EXPECT_LE(card_->count(), 8U);
  card_->restart_count();
  EXPECT_LT(2000U, read_everything(session));
  EXPECT_LE(card_->count(), 2U) << "values come from the disk";
}

// What C_GetTokenInfo read of the token serves the list right behind it; so does the list before a
// login for the one after it.
TEST_F(Budget, WarmStartWithTokenInfoToFirstSignature) {
  restart_warm();
  CK_TOKEN_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
  EXPECT_LE(card_->count(), 5U);
  const CK_SESSION_HANDLE session = open_session();
  EXPECT_EQ(0U, find_class(session, CKO_PRIVATE_KEY).size());
  ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
  ASSERT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
  sign_once(session);
  EXPECT_LE(card_->count(), 5U + 1U + 4U);
}

// All that saving must not hide what another program writes: for a second at most.
TEST_F(Budget, ForeignChangeIsSeenASecondLater) {
  list_slots();
  CK_TOKEN_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
  const CK_SESSION_HANDLE session = open_session();
  EXPECT_EQ(0U, find_class(session, CKO_DATA).size());
  {
    apdu::Card card(readers_->connect(kReader));
    const auto other = open_token(card, ProfileSet::builtin());
    other->login(PinRole::kUser, SecureBytes(to_bytes(kUserPin)));
    other->write_data({}, to_bytes("value"));
    other->logout();
  }
  ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
  find_class(session, CKO_DATA);
  std::this_thread::sleep_for(std::chrono::milliseconds(1050));
  EXPECT_EQ(1U, find_class(session, CKO_DATA).size());
}

TEST_F(Budget, UnknownCardIsProbedOnce) {
  readers_->add_reader("Other reader 01 00");
  const auto unknown = std::make_shared<CountingEndpoint>(std::make_shared<UnknownCard>());
  readers_->insert("Other reader 01 00", unknown);
  list_slots();
  CK_TOKEN_INFO info{};
  ASSERT_EQ(CKR_TOKEN_NOT_RECOGNIZED, C_GetTokenInfo(1, &info));
  const std::size_t probes = unknown->count();
  EXPECT_LE(probes, 14U);  // OpenSC: 47, and that at every C_GetSlotList
  for (int i = 0; i < 3; ++i) {
    list_slots(true);
    ASSERT_EQ(CKR_TOKEN_NOT_RECOGNIZED, C_GetTokenInfo(1, &info));
  }
  EXPECT_EQ(probes, unknown->count());
}

TEST_F(Budget, RandomIsOneCommand) {
  list_slots();
  const CK_SESSION_HANDLE session = open_session();
  card_->restart_count();
  Bytes bytes(256);
  ASSERT_EQ(CKR_OK, C_GenerateRandom(session, bytes.data(), bytes.size()));
  EXPECT_EQ(1U, card_->count());
}

}  // namespace
}  // namespace kilt::test
