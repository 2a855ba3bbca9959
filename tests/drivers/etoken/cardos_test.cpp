// The CardOS driver: the known answer of Aladdin's login, and on the virtual eToken PRO as Aladdin
// formats it. OpenSC's layout is tested together with OpenSC (tests/clients/etoken-cardos).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/crypto/des.h"
#include "drivers/errors.h"
#include "drivers/etoken/cardos/aladdin_application.h"
#include "tests/drivers/etoken/recorded_card.h"
#include "tests/drivers/etoken/rsa_check.h"
#include "tests/support/driver_rig.h"

namespace kilt::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(CardOsLogin, KnownAnswer) {
  const auto vectors = read_vectors("etoken/login-vectors.txt", "kind=cardos");
  ASSERT_THAT(vectors, SizeIs(1));
  auto vector = vectors[0];
  const SecureBytes key = etoken::cardos::derive_aladdin_key(pin(vector["pin"]));
  EXPECT_EQ(vector["key"], to_hex(key.view()));
  EXPECT_EQ(vector["cryptogram"], to_hex(crypto::des3_encrypt(key, from_hex(vector["challenge"]))));
}

class VirtualCardOs : public testing::Test {
 protected:
  Token& open(const char* layout) {
    rig_.emplace("cardos");
    if (layout != nullptr) rig_->virtual_card->card().set("layout", layout);
    return rig_->open();
  }
  std::optional<DriverRig> rig_;
};

TEST_F(VirtualCardOs, NativeListsLogsInAndSigns) {
  Token& token = open("native");
  EXPECT_EQ("cardos", token.info().family);
  const ObjectList objects = token.list();
  EXPECT_THAT(objects.odd, IsEmpty());
  ASSERT_THAT(objects.certificates, SizeIs(1));
  ASSERT_THAT(objects.keys, SizeIs(1));
  const Key& key = objects.keys[0];
  const auto& rsa = std::get<RsaPublicKey>(key.public_key);
  const Bytes block = pkcs1_block(rsa.modulus.size(), Bytes(51, 0x42));
  EXPECT_THROW((void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block), NotLoggedIn);
  rig_->counter->restart_count();
  EXPECT_THROW(token.login(PinRole::kUser, pin("0000")), WrongPin);
  EXPECT_EQ(1U, rig_->counter->count_ins(0x82));
  token.login(PinRole::kUser, pin("1234567890"));
  EXPECT_EQ(block, rsa_public(rsa, token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block)));
  token.logout();
  EXPECT_THROW((void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, block), NotLoggedIn);
}

TEST_F(VirtualCardOs, NativePinChangeIsRefusedWithAReason) {
  Token& token = open("native");
  rig_->counter->restart_count();
  EXPECT_THROW(token.change_pin(PinRole::kUser, pin("1234567890"), pin("12345678")), NotSupported);
  EXPECT_EQ(0U, rig_->counter->count_ins(0x24));
  EXPECT_THAT(token.capabilities().functions.at(Function::kChangeUserPin).reason,
              HasSubstr("not public"));
}

TEST_F(VirtualCardOs, BlankTokenHasNothingAndSaysSo) {
  Token& token = open(nullptr);
  EXPECT_FALSE(token.info().initialized);
  EXPECT_THAT(token.list().keys, IsEmpty());
  rig_->counter->restart_count();
  EXPECT_THROW(token.login(PinRole::kUser, pin("1234567890")), PinNotInitialized);
  EXPECT_EQ(0U, rig_->counter->count_ins(0x20));
}

}  // namespace
}  // namespace kilt::test
