// Readers with keys of their own (PC/SC part 10): the PIN is typed there and no program sees it.
#include <vector>

#include "tests/hardening/pcsc_module_test.h"

namespace kilt::test {
namespace {

class PinPad : public PcscModuleTest {
 protected:
  void SetUp() override {
    PcscModuleTest::SetUp();
    FakePcsc::give_pads(true);
  }
  /// A token of another kind in the reader, the module started anew.
  void plug_in(const std::string& kind, const std::map<std::string, std::string>& settings = {}) {
    auto card = vtoken::make_card(kind);
    for (const auto& [key, value] : settings) card->set(key, value);
    card_ = std::make_shared<CountingEndpoint>(std::make_shared<VirtualEndpoint>(std::move(card)));
    FakePcsc::insert(kPcscReader, card_);
  }
  void start() {
    ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
    CK_ULONG count = 0;
    ASSERT_EQ(CKR_OK, C_GetSlotList(CK_TRUE, nullptr, &count));
    ASSERT_EQ(CKR_OK,
              C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session_));
  }
  static CK_FLAGS token_flags() {
    CK_TOKEN_INFO info{};
    EXPECT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
    return info.flags;
  }
  CK_RV log_in_at_reader() const { return C_Login(session_, CKU_USER, nullptr, 0); }
  CK_STATE state() const {
    CK_SESSION_INFO info{};
    EXPECT_EQ(CKR_OK, C_GetSessionInfo(session_, &info));
    return info.state;
  }

  /// The only private key with these attributes.
  CK_OBJECT_HANDLE find_key(std::vector<CK_ATTRIBUTE> wanted = {}) const {
    CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
    wanted.push_back({CKA_CLASS, &object_class, sizeof object_class});
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG count = 0;
    EXPECT_EQ(CKR_OK, C_FindObjectsInit(session_, wanted.data(), wanted.size()));
    EXPECT_EQ(CKR_OK, C_FindObjects(session_, &key, 1, &count));
    EXPECT_EQ(1U, count);
    EXPECT_EQ(CKR_OK, C_FindObjectsFinal(session_));
    return key;
  }
  CK_RV begin_signature(CK_OBJECT_HANDLE key) const {
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    return C_SignInit(session_, &mechanism, key);
  }
  CK_RV end_signature() const {
    Bytes data(20, 7), signature(256);
    CK_ULONG size = signature.size();
    return C_Sign(session_, data.data(), data.size(), signature.data(), &size);
  }

  CK_SESSION_HANDLE session_ = 0;
};

TEST_F(PinPad, LoginAndSignatureWithAPinThatNobodyElseSaw) {
  start();
  EXPECT_NE(0U, token_flags() & CKF_PROTECTED_AUTHENTICATION_PATH);
  FakePcsc::type({kUserPin});
  ASSERT_EQ(CKR_OK, log_in_at_reader());
  EXPECT_EQ(CKS_RW_USER_FUNCTIONS, state());
  EXPECT_EQ(1U, FakePcsc::pad_requests());
  EXPECT_EQ(1U, verifies(*card_));
  EXPECT_EQ(0U, token_flags() & CKF_USER_PIN_TO_BE_CHANGED) << "which PIN it is, nobody knows";
  ASSERT_EQ(CKR_OK, begin_signature(find_key()));
  EXPECT_EQ(CKR_OK, end_signature());
  EXPECT_EQ(CKR_USER_ALREADY_LOGGED_IN, log_in_at_reader());
  EXPECT_EQ(1U, FakePcsc::pad_requests());
  EXPECT_EQ(CKR_OK, C_Logout(session_));
}

TEST_F(PinPad, ThePinOfTheApplicationIsStillTaken) {
  start();
  EXPECT_EQ(CKR_OK, log_in(session_, CKU_USER, kUserPin));
  EXPECT_EQ(0U, FakePcsc::pad_requests());
}

TEST_F(PinPad, WrongPinSpendsOneTry) {
  start();
  FakePcsc::type({"00000000"});
  EXPECT_EQ(CKR_PIN_INCORRECT, log_in_at_reader());
  EXPECT_EQ(1U, verifies(*card_));
  EXPECT_EQ(4U, tries_left(*card_));
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state());
}

TEST_F(PinPad, BlockedPin) {
  start();
  for (unsigned i = 0; i < 5; ++i) {
    FakePcsc::type({"00000000"});
    EXPECT_NE(CKR_OK, log_in_at_reader());
  }
  FakePcsc::type({kUserPin});
  EXPECT_EQ(CKR_PIN_LOCKED, log_in_at_reader());
}

TEST_F(PinPad, CancelTimeOutAndLengthSpendNothing) {
  start();
  FakePcsc::press_cancel();
  EXPECT_EQ(CKR_FUNCTION_CANCELED, log_in_at_reader());
  EXPECT_EQ(CKR_FUNCTION_CANCELED, log_in_at_reader()) << "nobody comes";
  FakePcsc::type({"1"});
  EXPECT_EQ(CKR_PIN_INCORRECT, log_in_at_reader());
  EXPECT_EQ(0U, verifies(*card_));
  EXPECT_EQ(5U, tries_left(*card_));
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state());
  FakePcsc::type({kUserPin});
  EXPECT_EQ(CKR_OK, log_in_at_reader());
}

TEST_F(PinPad, TheLoginOfAnotherProgramIsNoSecondEntry) {
  start();
  // On the card, but not by us.
  card_->transmit(from_hex("0020000206313335373930"));
  FakePcsc::type({kUserPin});
  EXPECT_EQ(CKR_OK, log_in_at_reader());
  EXPECT_EQ(1U, FakePcsc::pad_requests());
}

TEST_F(PinPad, WithoutOneNullIsAMistake) {
  FakePcsc::control_answers({}, {});
  start();
  EXPECT_EQ(0U, token_flags() & CKF_PROTECTED_AUTHENTICATION_PATH);
  EXPECT_EQ(CKR_ARGUMENTS_BAD, log_in_at_reader());
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_SetPIN(session_, nullptr, 0, nullptr, 0));
  EXPECT_EQ(0U, verifies(*card_));
}

TEST_F(PinPad, KaztokenChangesItsPinOnTheComputerOnly) {
  start();
  FakePcsc::type({kUserPin, "246801", "246801"});
  EXPECT_EQ(CKR_FUNCTION_NOT_SUPPORTED, C_SetPIN(session_, nullptr, 0, nullptr, 0));
  EXPECT_EQ(0U, FakePcsc::pad_requests());
  EXPECT_EQ(0U, verifies(*card_));
}

TEST_F(PinPad, ChallengeAndResponseNeedThePin) {
  plug_in("jacarta");
  start();
  EXPECT_EQ(0U, token_flags() & CKF_PROTECTED_AUTHENTICATION_PATH);
  FakePcsc::type({"1234567890"});
  EXPECT_EQ(CKR_ARGUMENTS_BAD, log_in_at_reader());
  EXPECT_EQ(0U, FakePcsc::pad_requests());
}

TEST_F(PinPad, BlocksOfOneLengthAreChangedThereToo) {
  plug_in("cardos");
  start();
  ASSERT_EQ(CKR_OK, C_CloseSession(session_));
  std::string so_pin = kSoPin, label(32, ' '), pin = kUserPin;
  ASSERT_EQ(CKR_OK, C_InitToken(0, chars(so_pin), so_pin.size(), chars(label)));
  ASSERT_EQ(CKR_OK,
            C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session_));
  ASSERT_EQ(CKR_OK, log_in(session_, CKU_SO, kSoPin));
  ASSERT_EQ(CKR_OK, C_InitPIN(session_, chars(pin), pin.size()));
  ASSERT_EQ(CKR_OK, C_Logout(session_));
  EXPECT_NE(0U, token_flags() & CKF_PROTECTED_AUTHENTICATION_PATH);
  const auto change = [&] { return C_SetPIN(session_, nullptr, 0, nullptr, 0); };
  FakePcsc::type({kUserPin, "246801", "246802"});
  EXPECT_EQ(CKR_PIN_INVALID, change()) << "the new one is typed twice";
  FakePcsc::type({kUserPin, "2", "2"});
  EXPECT_EQ(CKR_PIN_LEN_RANGE, change());
  FakePcsc::press_cancel();
  EXPECT_EQ(CKR_FUNCTION_CANCELED, change());
  FakePcsc::type({kUserPin});
  ASSERT_EQ(CKR_OK, log_in_at_reader()) << "nothing was changed so far";
  FakePcsc::type({"999999", "246801", "246801"});
  EXPECT_EQ(CKR_PIN_INCORRECT, change());
  EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state()) << "a wrong old PIN ends the login";
  FakePcsc::type({kUserPin, "246801", "246801"});
  EXPECT_EQ(CKR_OK, change());
  FakePcsc::type({"246801"});
  EXPECT_EQ(CKR_OK, log_in_at_reader());
  // One of NULL and a PIN is neither way.
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_SetPIN(session_, nullptr, 0, chars(pin), pin.size()));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_SetPIN(session_, chars(pin), pin.size(), nullptr, 0));
  // A reader that verifies only.
  ASSERT_EQ(CKR_OK, C_Finalize(nullptr));
  FakePcsc::give_pads(false);
  start();
  EXPECT_NE(CKR_OK, change());
  FakePcsc::type({"246801"});
  EXPECT_EQ(CKR_OK, log_in_at_reader());
}

struct Form {
  std::map<std::string, std::string> switches;
  bool possible;
};

TEST_F(PinPad, CardsThatTheirDirectoryDescribes) {
  const std::vector<Form> forms{{{{"pin-pad", "none"}}, true},
                                // PC/SC has four bits for the block's length, and this is 16 bytes.
                                {{{"pin-pad", "FF"}}, false},
                                {{{"pin-type", "bcd"}}, true},
                                {{{"pin-type", "iso9564"}}, false},
                                {{{"pin-type", "half-nibble"}}, false}};
  for (const Form& form : forms) {
    SCOPED_TRACE(form.switches.begin()->first + "=" + form.switches.begin()->second);
    plug_in("akey", form.switches);
    start();
    EXPECT_EQ(form.possible, (token_flags() & CKF_PROTECTED_AUTHENTICATION_PATH) != 0);
    FakePcsc::type({"1234567890"});
    EXPECT_EQ(form.possible ? CKR_OK : CKR_ARGUMENTS_BAD, log_in_at_reader());
    ASSERT_EQ(CKR_OK, C_Finalize(nullptr));
  }
}

TEST_F(PinPad, IdPrimeWhereItsBlockIsNotTooLong) {
  for (const char* model : {"840", "930"}) {
    plug_in("idprime", {{"model", model}});
    start();
    const bool pad = (token_flags() & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
    EXPECT_EQ(std::string_view(model) == "930", pad) << model;
    FakePcsc::type({"1234567890"});
    EXPECT_EQ(pad ? CKR_OK : CKR_ARGUMENTS_BAD, log_in_at_reader()) << model;
    ASSERT_EQ(CKR_OK, C_Finalize(nullptr));
  }
}

TEST_F(PinPad, OtherWaysToLogIn) {
  start();
  CK_INTERFACE* found = nullptr;
  CK_VERSION version{3, 0};
  ASSERT_EQ(CKR_OK, C_GetInterface(nullptr, &version, &found, 0));
  auto* const functions = static_cast<CK_FUNCTION_LIST_3_0*>(found->pFunctionList);
  std::string name = "somebody";
  FakePcsc::type({kUserPin});
  EXPECT_EQ(CKR_ARGUMENTS_BAD,
            functions->C_LoginUser(session_, CKU_USER, nullptr, 0, chars(name), name.size()));
  EXPECT_EQ(0U, FakePcsc::pad_requests()) << "a name is nobody's";
  EXPECT_EQ(CKR_OK, functions->C_LoginUser(session_, CKU_USER, nullptr, 0, nullptr, 0));
  EXPECT_EQ(CKS_RW_USER_FUNCTIONS, state());
  ASSERT_EQ(CKR_OK, C_Logout(session_));
  FakePcsc::type({kSoPin});
  EXPECT_EQ(CKR_OK, C_Login(session_, CKU_SO, nullptr, 0));
  EXPECT_EQ(CKS_RW_SO_FUNCTIONS, state());
  EXPECT_EQ(2U, verifies(*card_));
}

TEST_F(PinPad, AKeyThatWantsThePinForEachUse) {
  plug_in("akey", {{"variant", "consent"}, {"pin-pad", "none"}});
  start();
  FakePcsc::type({"1234567890"});
  ASSERT_EQ(CKR_OK, log_in_at_reader());
  CK_BBOOL each_use = CK_TRUE;
  const CK_OBJECT_HANDLE key = find_key({{CKA_ALWAYS_AUTHENTICATE, &each_use, sizeof each_use}});
  const auto log_in_for_this_use = [&] {
    return C_Login(session_, CKU_CONTEXT_SPECIFIC, nullptr, 0);
  };
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, log_in_for_this_use());
  EXPECT_EQ(1U, FakePcsc::pad_requests()) << "nothing to log in for";
  for (unsigned use = 1; use <= 2; ++use) {
    ASSERT_EQ(CKR_OK, begin_signature(key));
    FakePcsc::type({"1234567890"});
    ASSERT_EQ(CKR_OK, log_in_for_this_use());
    EXPECT_EQ(CKR_OK, end_signature());
    EXPECT_EQ(1U + use, FakePcsc::pad_requests());
  }
}

TEST_F(PinPad, DescribedCardsChangeBlocksOfOneLength) {
  std::ofstream(config_, std::ios::app) << "[profiles]\nunverified = [\"pkcs15\"]\n";
  // Without a filler nobody could tell where the old PIN ends and the new one begins.
  for (const auto& [filler, result] : {std::pair{"FF", CKR_OK}, std::pair{"00", CKR_OK},
                                       std::pair{"none", CKR_FUNCTION_NOT_SUPPORTED}}) {
    SCOPED_TRACE(filler);
    plug_in("iasecc", {{"pin-pad", filler}});
    start();
    FakePcsc::type({"123456", "24680", "24680"});
    EXPECT_EQ(result, C_SetPIN(session_, nullptr, 0, nullptr, 0));
    FakePcsc::type({result == CKR_OK ? "24680" : "123456"});
    EXPECT_EQ(CKR_OK, log_in_at_reader());
    ASSERT_EQ(CKR_OK, C_Finalize(nullptr));
  }
}

TEST_F(PinPad, AReaderThatFailsOrLies) {
  start();
  for (const char* answer : {"90", "6B80", "6F00"}) {
    FakePcsc::before_call(1, [] {});
    card_->intercept([&](BytesView command) -> std::optional<Bytes> {
      if (command.size() > 1 && command[1] == 0x20 && command.size() > 5) return from_hex(answer);
      return std::nullopt;
    });
    FakePcsc::type({kUserPin});
    EXPECT_EQ(CKR_DEVICE_ERROR, log_in_at_reader()) << answer;
    EXPECT_EQ(CKS_RW_PUBLIC_SESSION, state());
  }
}

}  // namespace
}  // namespace kilt::test
