// A Kaztoken at its limits: no room left, the SO PIN blocked.
// use.
#include "pkcs11/kilt.h"
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

class Limits : public KaztokenTest {
 protected:
  CK_RV write_data(CK_SESSION_HANDLE session, const std::string& label, std::size_t size) {
    Attributes data;
    data.number(CKA_CLASS, CKO_DATA)
        .flag(CKA_TOKEN, true)
        .add(CKA_LABEL, label)
        .add(CKA_VALUE, Bytes(size, 0x5A));
    CK_OBJECT_HANDLE handle = 0;
    return C_CreateObject(session, data.data(), data.size(), &handle);
  }
};

TEST_F(Limits, FullTokenLosesNothing) {
  CK_SESSION_HANDLE session = user_session();
  generate_rsa(session, 1024, "key", {0x01});
  std::size_t written = 0;
  CK_RV rv = CKR_OK;
  for (; written < 100; ++written) {
    rv = write_data(session, "data " + std::to_string(written), 8000);
    if (rv != CKR_OK) break;
  }
  EXPECT_EQ(CKR_DEVICE_MEMORY, rv);
  ASSERT_LT(2U, written);
  // Neither do a key or a certificate fit, and nothing half-made is left of them.
  Attributes public_half, private_half;
  public_half.number(CKA_MODULUS_BITS, 4096);
  CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE public_key = 0, private_key = 0;
  while (write_data(session, "crumb", 200) == CKR_OK) ++written;
  EXPECT_EQ(CKR_DEVICE_MEMORY,
            C_GenerateKeyPair(session, &mechanism, public_half.data(), public_half.size(),
                              private_half.data(), private_half.size(), &public_key, &private_key));
  restart();
  session = user_session();
  EXPECT_EQ(1U, find_class(session, CKO_PRIVATE_KEY).size());
  EXPECT_EQ(1U, find_class(session, CKO_PUBLIC_KEY).size());
  const auto data = find_class(session, CKO_DATA);
  EXPECT_EQ(written, data.size());
  // What is deleted makes room.
  ASSERT_EQ(CKR_OK, C_DestroyObject(session, data.front()));
  EXPECT_EQ(CKR_OK, write_data(session, "again", 7000));
}

TEST_F(Limits, BlockedSoPinIsSaidAndNotTriedFurther) {
  const CK_SESSION_HANDLE session = open_session();
  CK_RV rv = CKR_OK;
  unsigned tries = 0;
  do {
    rv = log_in(session, CKU_SO, "00000000");
    ++tries;
  } while (rv == CKR_PIN_INCORRECT && tries < 20);
  EXPECT_EQ(CKR_PIN_LOCKED, rv);
  EXPECT_GE(11U, tries);
  EXPECT_EQ(CKR_PIN_LOCKED, log_in(session, CKU_SO, kSoPin)) << "the right one comes too late";
  CK_TOKEN_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
  EXPECT_NE(0UL, info.flags & CKF_SO_PIN_LOCKED);
  EXPECT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin)) << "the user goes on";
  ASSERT_EQ(CKR_OK, C_CloseSession(session));
  // C_InitToken asks for the SO PIN: an initialised token is not erased without it.
  std::string label(32, ' '), so_pin = kSoPin;
  EXPECT_EQ(CKR_PIN_LOCKED, C_InitToken(0, chars(so_pin), so_pin.size(), chars(label)));
}

}  // namespace
}  // namespace kilt::test
