// The forms in which a Kaztoken may come: the ID-1 card that speaks T=0, a token that the vendor's
// software formatted, firmware that reads an open point of the public facts the other way.
#include <algorithm>
#include <array>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "pkcs11/kilt.h"
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

/// Signs with the first private key and verifies with its public half.
void expect_signature(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE private_key,
                      CK_OBJECT_HANDLE public_key) {
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  Bytes text{1, 2, 3};
  CK_ULONG size = 512;
  Bytes signature(size);
  ASSERT_EQ(CKR_OK, C_SignInit(session, &mechanism, private_key));
  ASSERT_EQ(CKR_OK, C_Sign(session, text.data(), text.size(), signature.data(), &size));
  ASSERT_EQ(CKR_OK, C_VerifyInit(session, &mechanism, public_key));
  EXPECT_EQ(CKR_OK, C_Verify(session, text.data(), text.size(), signature.data(), size));
}

constexpr std::array kForms{"protocol=t0",         "system-folders=present", "rsf-rule=mf",
                            "bad-option=generate", "last-try=6983",          "login-check=after",
                            "long-pin=refused",    "key-choice=mse",         "early-use=allowed",
                            "mse-81=accepted",     "get-data=serial"};

/// GoogleTest wants letters and digits.
std::string form_name(std::string setting) {
  std::ranges::replace_if(
      setting, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return setting;
}

/// Each of these must make no difference to an application.
class Form : public KaztokenTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    ModuleTest::SetUp();
    const std::string setting = GetParam();
    const std::size_t equals = setting.find('=');
    auto card = vtoken::make_card("kaztoken");
    card->set(setting.substr(0, equals), setting.substr(equals + 1));
    virtual_ = std::make_shared<VirtualEndpoint>(std::move(card));
    card_ = std::make_shared<CountingEndpoint>(virtual_);
    readers_->insert(kReader, card_);
    list_slots();
    personalise();
  }
};

TEST_P(Form, IsFormattedMakesKeysSignsAndForgets) {
  CK_SESSION_HANDLE session = user_session();
  for (const CK_ULONG bits : {1024UL, 2048UL, 4096UL}) {
    const Pair pair = generate_rsa(session, bits, "key", {static_cast<Byte>(bits / 256)});
    expect_signature(session, pair.private_key, pair.public_key);
    write_certificate(session, pair, {static_cast<Byte>(bits / 256)});
  }
  restart();
  session = user_session();
  ASSERT_EQ(3U, find_class(session, CKO_PRIVATE_KEY).size());
  EXPECT_EQ(CKR_PIN_INCORRECT, [&] {
    C_Logout(session);
    return log_in(session, CKU_USER, "000000");
  }());
  ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
  for (const CK_OBJECT_CLASS half : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY})
    for (const CK_OBJECT_HANDLE key : find_class(session, half))
      EXPECT_EQ(CKR_OK, C_DestroyObject(session, key));
  for (const CK_OBJECT_HANDLE certificate : find_class(session, CKO_CERTIFICATE))
    EXPECT_EQ(CKR_OK, C_DestroyObject(session, certificate));
  EXPECT_TRUE(stored(session).empty());
  generate_rsa(session, 1024);
}

INSTANTIATE_TEST_SUITE_P(Kaztoken, Form, ::testing::ValuesIn(kForms),
                         [](const auto& form) { return form_name(form.param); });

class VendorFormatted : public KaztokenTest {
 protected:
  void SetUp() override {
    ModuleTest::SetUp();
    auto card = vtoken::make_card("kaztoken");
    card->set("layout", "vendor");
    virtual_ = std::make_shared<VirtualEndpoint>(std::move(card));
    card_ = std::make_shared<CountingEndpoint>(virtual_);
    readers_->insert(kReader, card_);
    list_slots();
    session_ = open_session();
    ASSERT_EQ(CKR_OK, log_in(session_, CKU_USER, "12345678"));
  }
  CK_SESSION_HANDLE session_ = 0;
};

TEST_F(VendorFormatted, KeyAndCertificateAreFoundAndBelongTogether) {
  const auto keys = find_class(session_, CKO_PRIVATE_KEY);
  const auto certificates = find_class(session_, CKO_CERTIFICATE);
  ASSERT_EQ(1U, keys.size());
  ASSERT_EQ(1U, certificates.size());
  EXPECT_EQ(attribute(session_, keys[0], CKA_ID), attribute(session_, certificates[0], CKA_ID));
  const auto public_keys = find_class(session_, CKO_PUBLIC_KEY);
  ASSERT_EQ(1U, public_keys.size());
  expect_signature(session_, keys[0], public_keys[0]);
}

TEST_F(VendorFormatted, IsNotWrittenTo) {
  Attributes data;
  data.number(CKA_CLASS, CKO_DATA).flag(CKA_TOKEN, true).add(CKA_VALUE, std::string("x"));
  CK_OBJECT_HANDLE handle = 0;
  EXPECT_EQ(CKR_TOKEN_WRITE_PROTECTED, C_CreateObject(session_, data.data(), data.size(), &handle));
  EXPECT_EQ(0U, card_->count_ins(0xE0)) << "no CREATE FILE";
  const auto status = find_class(session_, CKO_HW_FEATURE);
  const std::string reason = to_text(attribute(session_, status.at(0), CKA_KILT_LAST_REASON));
  EXPECT_NE(std::string::npos, reason.find("formatted by other software")) << reason;
}

TEST_F(VendorFormatted, FunctionsAreToldAsTheyAre) {
  const auto functions = [&] {
    const auto status = find_class(session_, CKO_HW_FEATURE);
    return nlohmann::json::parse(to_text(attribute(session_, status.at(0), CKA_KILT_FUNCTIONS)));
  };
  for (const char* const written : {"generate-key", "import-key", "write-certificate", "write-data",
                                    "delete-object", "change-attributes"}) {
    EXPECT_EQ("unavailable", functions()[written]["state"]) << written;
    EXPECT_THAT(functions()[written]["reason"].get<std::string>(),
                testing::HasSubstr("formatted by other software"));
  }
  for (const char* const possible : {"sign", "decrypt", "change-user-pin", "init-token"})
    EXPECT_EQ("native", functions()[possible]["state"]) << possible;
  const auto makes_keys = [] {
    CK_MECHANISM_INFO info{};
    return C_GetMechanismInfo(0, CKM_RSA_PKCS_KEY_PAIR_GEN, &info) == CKR_OK;
  };
  EXPECT_FALSE(makes_keys());
  // Once it is formatted as Kilt does it, it can.
  ASSERT_EQ(CKR_OK, C_CloseSession(session_));
  personalise();
  EXPECT_TRUE(makes_keys());
  session_ = user_session();
  EXPECT_EQ("native", functions()["delete-object"]["state"]);
}

TEST_F(VendorFormatted, PinIsTheFactorysAndSaysSo) {
  CK_TOKEN_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetTokenInfo(0, &info));
  EXPECT_NE(0UL, info.flags & CKF_USER_PIN_TO_BE_CHANGED);
}

}  // namespace
}  // namespace kilt::test
