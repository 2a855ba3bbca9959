// Tests that run on a virtual token of every family, behind the module.
#pragma once

#include <functional>

#include "apdu/errors.h"
#include "pkcs11/kilt.h"
#include "tests/support/module_test.h"
#include "tests/support/ready_token.h"

namespace kilt::test {

/// A reader's contacts: another token can be put in at the moment of a reset.
class Contacts : public CardEndpoint {
 public:
  explicit Contacts(std::shared_ptr<CountingEndpoint> card) : card_(std::move(card)) {}
  [[nodiscard]] Bytes atr() const override { return card_->atr(); }
  void reset() override {
    if (stuck_) throw TransportError("the reader does not answer");
    card_->reset();
  }
  /// As a reader that has lost contact for a moment.
  void refuse_resets(bool refuse) { stuck_ = refuse; }
  Bytes transmit(BytesView command) override {
    Bytes answer = card_->transmit(command);
    if (spoil_) spoil_(answer);
    return answer;
  }
  void put(std::shared_ptr<CountingEndpoint> card) { card_ = std::move(card); }
  /// Sees each answer on its way to the reader, and may change it.
  void spoil(std::function<void(Bytes& answer)> work) { spoil_ = std::move(work); }

 private:
  std::function<void(Bytes&)> spoil_;
  bool stuck_ = false;
  std::shared_ptr<CountingEndpoint> card_;
};

class EachFamily : public ModuleTest, public testing::WithParamInterface<Family> {
 protected:
  void SetUp() override {
    if (delegated_) GTEST_SKIP() << "about cards";
    ModuleTest::SetUp();
    ours_ = ready_token(GetParam());
    contacts_ = std::make_shared<Contacts>(ours_);
    readers_->insert(kReader, contacts_);
    list_slots();
    session_ = open_session();
  }
  void TearDown() override {
    if (!delegated_) ModuleTest::TearDown();
  }
  CK_RV log_in_user() { return log_in(session_, CKU_USER, GetParam().pin); }
  /// The card is another one when the reader has reset it.
  std::shared_ptr<CountingEndpoint> exchange_and_reset() {
    auto other = ready_token(GetParam());
    other->restart_count();
    contacts_->put(other);
    readers_->reset_by_other(kReader);
    return other;
  }
  CK_OBJECT_HANDLE private_key() { return first_of(CKO_PRIVATE_KEY); }
  /// 0 if there is none.
  CK_OBJECT_HANDLE first_of(CK_OBJECT_CLASS object_class) {
    CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
    EXPECT_EQ(CKR_OK, C_FindObjectsInit(session_, &wanted, 1));
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG count = 0;
    EXPECT_EQ(CKR_OK, C_FindObjects(session_, &key, 1, &count));
    EXPECT_EQ(CKR_OK, C_FindObjectsFinal(session_));
    return count == 0 ? 0 : key;
  }
  /// As the token status object tells it.
  CK_ULONG tries_left() {
    const CK_OBJECT_HANDLE status = first_of(CKO_HW_FEATURE);
    CK_ULONG tries = 0;
    CK_ATTRIBUTE wanted{CKA_KILT_USER_TRIES_LEFT, &tries, sizeof tries};
    EXPECT_EQ(CKR_OK, C_GetAttributeValue(session_, status, &wanted, 1));
    return tries;
  }
  /// Another program, which has never logged in, cannot use a key.
  void expect_nobody_logged_in() {
    apdu::Card card(readers_->connect(kReader));
    const auto token = open_token(card, ProfileSet::builtin());
    const ObjectList objects = token->list();
    ASSERT_FALSE(objects.keys.empty());
    const auto [scheme, input] = signable(*token, objects.keys[0]);
    EXPECT_ANY_THROW((void)token->sign(objects.keys[0], scheme, Hash::kSha256, input));
  }
  CK_RV sign(CK_OBJECT_HANDLE key) {
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    const CK_RV rv = C_SignInit(session_, &mechanism, key);
    if (rv != CKR_OK) return rv;
    Bytes data(20, 0x42), signature(512);
    CK_ULONG size = signature.size();
    return C_Sign(session_, data.data(), data.size(), signature.data(), &size);
  }

  std::shared_ptr<CountingEndpoint> ours_;
  std::shared_ptr<Contacts> contacts_;
  CK_SESSION_HANDLE session_ = 0;
};

/// Names for INSTANTIATE_TEST_SUITE_P.
inline std::string family_name(const testing::TestParamInfo<Family>& info) {
  std::string name = info.param.kind;
  std::erase(name, '-');
  return name;
}

}  // namespace kilt::test
