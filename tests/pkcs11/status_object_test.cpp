// The token status object: found only by who asks for it, true, and free of PIN tries.
#include <nlohmann/json.hpp>

#include "pkcs11/kilt.h"
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

class StatusObject : public KaztokenTest {
 protected:
  CK_OBJECT_HANDLE status(CK_SESSION_HANDLE session) {
    const auto found = find_class(session, CKO_HW_FEATURE);
    EXPECT_EQ(1U, found.size());
    return found.empty() ? 0 : found.front();
  }
  CK_ULONG number(CK_SESSION_HANDLE session, CK_ATTRIBUTE_TYPE type) {
    return p11::to_ulong(attribute(session, status(session), type)).value_or(777);
  }
  std::string text(CK_SESSION_HANDLE session, CK_ATTRIBUTE_TYPE type) {
    return to_text(attribute(session, status(session), type));
  }
};

TEST_F(StatusObject, IsFoundByItsClassOnly) {
  const CK_SESSION_HANDLE session = user_session();
  EXPECT_TRUE(stored(session).empty());
  const CK_OBJECT_HANDLE first = status(session);
  EXPECT_EQ(first, status(session)) << "the same handle again";
  EXPECT_EQ(CKH_KILT_TOKEN_STATUS, number(session, CKA_HW_FEATURE_TYPE));
}

TEST_F(StatusObject, TriesAreToldAndNotSpent) {
  const CK_SESSION_HANDLE session = open_session();
  const CK_ULONG before = number(session, CKA_KILT_USER_TRIES_LEFT);
  ASSERT_NE(CK_UNAVAILABLE_INFORMATION, before);
  EXPECT_EQ(before, number(session, CKA_KILT_USER_TRIES_LEFT));
  ASSERT_EQ(CKR_PIN_INCORRECT, log_in(session, CKU_USER, "000000"));
  EXPECT_EQ(before - 1, number(session, CKA_KILT_USER_TRIES_LEFT));
}

TEST_F(StatusObject, FactoryPinIsKnownAfterLogin) {
  restart();
  const CK_SESSION_HANDLE session = open_session();
  EXPECT_EQ(CK_UNAVAILABLE_INFORMATION, number(session, CKA_KILT_USER_PIN_FACTORY));
  ASSERT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
  EXPECT_EQ(0U, number(session, CKA_KILT_USER_PIN_FACTORY));
  ASSERT_EQ(CKR_OK, C_Logout(session));
  ASSERT_EQ(CKR_OK, log_in(session, CKU_SO, kSoPin));
  EXPECT_EQ(1U, number(session, CKA_KILT_SO_PIN_FACTORY)) << "87654321 is the factory's";
}

TEST_F(StatusObject, FunctionsAndNames) {
  const CK_SESSION_HANDLE session = open_session();
  if (delegated_) {
    EXPECT_EQ("delegate", text(session, CKA_KILT_FAMILY));
    const auto theirs = nlohmann::json::parse(text(session, CKA_KILT_FUNCTIONS));
    EXPECT_EQ("delegated", theirs.at("sign").at("state"));
    EXPECT_EQ("delegated", theirs.at("init-token").at("state"));
    return;
  }
  EXPECT_EQ("kaztoken", text(session, CKA_KILT_FAMILY));
  EXPECT_EQ("kaztoken", text(session, CKA_KILT_PROFILE));
  const auto functions = nlohmann::json::parse(text(session, CKA_KILT_FUNCTIONS));
  EXPECT_EQ(14U, functions.size());
  EXPECT_EQ("native", functions["sign"]["state"]);
  EXPECT_EQ("unavailable", functions["derive"]["state"]);
  EXPECT_FALSE(functions["derive"]["reason"].get<std::string>().empty());
  const auto pins = nlohmann::json::parse(text(session, CKA_KILT_FACTORY_PINS));
  EXPECT_EQ(2U, pins.size());
  EXPECT_EQ("[]", text(session, CKA_KILT_ODD_OBJECTS));
}

TEST_F(StatusObject, SaysWhyTheLastCallWasRefused) {
  const CK_SESSION_HANDLE session = user_session();
  EXPECT_EQ("", text(session, CKA_KILT_LAST_REASON));
  std::string before = kUserPin, after = "12345678";
  ASSERT_EQ(CKR_PIN_INVALID,
            C_SetPIN(session, chars(before), before.size(), chars(after), after.size()));
  EXPECT_NE(std::string::npos, text(session, CKA_KILT_LAST_REASON).find("factory PIN"));
}

TEST_F(StatusObject, CannotBeWritten) {
  const CK_SESSION_HANDLE session = user_session();
  EXPECT_EQ(CKR_ACTION_PROHIBITED, C_DestroyObject(session, status(session)));
  Attributes changes;
  changes.add(CKA_LABEL, std::string("mine"));
  EXPECT_EQ(CKR_ATTRIBUTE_READ_ONLY,
            C_SetAttributeValue(session, status(session), changes.data(), changes.size()));
}

}  // namespace
}  // namespace kilt::test
