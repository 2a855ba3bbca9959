// The tables of v3.0 and later (PKCS#11 v3.2, 5.4.5 and 5.4.6), C_SessionCancel, C_LoginUser.
#include <cstring>

#include "tests/conformance/fixtures.h"

namespace kilt::conformance {
namespace {

using GetInterfaceList = decltype(&C_GetInterfaceList);
using GetInterface = decltype(&C_GetInterface);

class Interfaces : public ::testing::Test {
 protected:
  void SetUp() override {
    list_ = reinterpret_cast<GetInterfaceList>(symbol("C_GetInterfaceList"));
    get_ = reinterpret_cast<GetInterface>(symbol("C_GetInterface"));
    if (list_ == nullptr && get_ == nullptr) GTEST_SKIP() << "a module of v2.x";
    ASSERT_TRUE(list_ != nullptr && get_ != nullptr);
  }
  std::vector<CK_INTERFACE> all() {
    CK_ULONG count = 0;
    EXPECT_EQ(CKR_OK, list_(nullptr, &count));
    std::vector<CK_INTERFACE> interfaces(count);
    EXPECT_EQ(CKR_OK, list_(interfaces.data(), &count));
    return interfaces;
  }
  GetInterfaceList list_ = nullptr;
  GetInterface get_ = nullptr;
};

TEST_F(Interfaces, EachIsNamedAndHasEveryEntry) {
  for (const CK_INTERFACE& one : all()) {
    const auto& version = *static_cast<const CK_VERSION*>(one.pFunctionList);
    if (std::strcmp(one.pInterfaceName, "PKCS 11") != 0) continue;  // a vendor's own
    const int entries = version.major < 3 ? 68 : version.minor < 2 ? 92 : 104;
    void* const* function = static_cast<void**>(one.pFunctionList) + 1;
    for (int i = 0; i < entries; ++i)
      EXPECT_NE(nullptr, function[i]) << +version.major << "." << +version.minor << ":" << i;
  }
}

TEST_F(Interfaces, ShortListIsRefusedWithTheCount) {
  CK_INTERFACE one{};
  CK_ULONG count = 0;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL, list_(&one, &count));
  EXPECT_EQ(all().size(), count);
  EXPECT_EQ(CKR_ARGUMENTS_BAD, list_(nullptr, nullptr));
}

TEST_F(Interfaces, GivenByNameAndVersion) {
  std::string name = "PKCS 11";
  for (const CK_INTERFACE& one : all()) {
    CK_VERSION version = *static_cast<const CK_VERSION*>(one.pFunctionList);
    CK_INTERFACE* found = nullptr;
    ASSERT_EQ(CKR_OK, get_(chars(name), &version, &found, one.flags));
    EXPECT_EQ(one.pFunctionList, found->pFunctionList);
  }
}

TEST_F(Interfaces, DefaultIsGivenForNothing) {
  CK_INTERFACE* found = nullptr;
  ASSERT_EQ(CKR_OK, get_(nullptr, nullptr, &found, 0));
  EXPECT_NE(nullptr, found);
}

TEST_F(Interfaces, UnknownOnesAreRefused) {
  std::string name = "PKCS 11", other = "PKCS 12";
  CK_VERSION version{9, 9};
  CK_INTERFACE* found = nullptr;
  EXPECT_NE(CKR_OK, get_(chars(other), nullptr, &found, 0));
  EXPECT_NE(CKR_OK, get_(chars(name), &version, &found, 0));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, get_(nullptr, nullptr, nullptr, 0));
}

TEST(FunctionListV3, InfoTellsTheTablesVersion) {
  if (v3_0() == nullptr) GTEST_SKIP() << "a module of v2.x";
  ASSERT_EQ(CKR_OK, v3_0()->C_Initialize(nullptr));
  CK_INFO info{};
  EXPECT_EQ(CKR_OK, v3_0()->C_GetInfo(&info));
  EXPECT_EQ(3, info.cryptokiVersion.major);
  EXPECT_EQ(CKR_OK, v3_0()->C_Finalize(nullptr));
}

/// A stub says simply that it is one (5.1.6), or looks at the session first (5.1.7).
const std::initializer_list<CK_RV> kBadSession{CKR_SESSION_HANDLE_INVALID,
                                               CKR_FUNCTION_NOT_SUPPORTED};

class V3 : public WithSession {
 protected:
  void SetUp() override {
    WithSession::SetUp();
    if (v3_0() == nullptr) GTEST_SKIP() << "a module of v2.x";
  }
};

TEST_F(V3, SessionCancelEndsASearch) {
  ASSERT_EQ(CKR_OK, p11().C_FindObjectsInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_OK, v3_0()->C_SessionCancel(session_, 0)) << "no flag, no change";
  EXPECT_EQ(CKR_OPERATION_ACTIVE, p11().C_FindObjectsInit(session_, nullptr, 0));
  EXPECT_EQ(CKR_OK, v3_0()->C_SessionCancel(session_, CKF_FIND_OBJECTS));
  EXPECT_EQ(CKR_OK, p11().C_FindObjectsInit(session_, nullptr, 0));
}

TEST_F(V3, SessionCancelIgnoresWhatIsNotThere) {
  EXPECT_EQ(CKR_OK, v3_0()->C_SessionCancel(session_, CKF_SIGN | CKF_DIGEST | CKF_FIND_OBJECTS));
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, v3_0()->C_SessionCancel(~0UL, CKF_SIGN));
}

TEST_F(V3, NullMechanismEndsADigest) {
  if (!can(CKM_SHA256, CKF_DIGEST)) GTEST_SKIP() << "no SHA-256 digest";
  CK_MECHANISM sha256{CKM_SHA256, nullptr, 0};
  ASSERT_EQ(CKR_OK, p11().C_DigestInit(session_, &sha256));
  EXPECT_EQ(CKR_OK, v3_0()->C_DigestInit(session_, nullptr));
  EXPECT_EQ(CKR_OK, p11().C_DigestInit(session_, &sha256));
}

TEST_F(V3, LoginUserWithoutANameIsLogin) {
  std::string pin = options().pin;
  const CK_RV rv = v3_0()->C_LoginUser(session_, CKU_USER, chars(pin), pin.size(), nullptr, 0);
  if (rv == CKR_FUNCTION_NOT_SUPPORTED) GTEST_SKIP() << "no C_LoginUser";
  ASSERT_EQ(CKR_OK, rv);
  EXPECT_EQ(CKS_RW_USER_FUNCTIONS, state(session_));
}

TEST_F(V3, MessageFunctionsWorkOrSayThatTheyDoNot) {
  CK_MECHANISM mechanism{CKM_AES_GCM, nullptr, 0};
  EXPECT_TRUE(is_one_of(v3_0()->C_MessageEncryptInit(~0UL, &mechanism, 1), kBadSession));
  EXPECT_NE(CKR_OK, v3_0()->C_MessageEncryptInit(session_, &mechanism, ~0UL));
  EXPECT_NE(CKR_OK, v3_0()->C_MessageDecryptFinal(session_)) << "nothing was begun";
  EXPECT_NE(CKR_OK, v3_0()->C_MessageSignFinal(session_));
  EXPECT_NE(CKR_OK, v3_0()->C_MessageVerifyFinal(session_));
}

TEST_F(V3, ProfilesAreNamedByObjects) {
  Template wanted;
  wanted.number(CKA_CLASS, CKO_PROFILE);
  std::set<CK_ULONG> profiles;
  for (const CK_OBJECT_HANDLE object : find(session_, wanted))
    profiles.insert(number(session_, object, CKA_PROFILE_ID).value_or(0));
  if (profiles.empty()) GTEST_SKIP() << "claims no profile";
  EXPECT_FALSE(profiles.contains(CKP_INVALID_ID));
}

TEST_F(V3, UniqueIdsAreUnique) {
  std::set<Bytes> ids;
  const auto objects = find(session_, {});
  for (const CK_OBJECT_HANDLE object : objects) {
    const auto id = attribute(session_, object, CKA_UNIQUE_ID);
    ASSERT_TRUE(id.has_value()) << "object " << object;
    EXPECT_TRUE(ids.insert(*id).second) << "object " << object;
    Template wanted;
    wanted.bytes(CKA_UNIQUE_ID, *id);
    EXPECT_EQ(std::vector{object}, find(session_, wanted));
  }
}

TEST_F(V3, NewFunctionsOfV3_2CheckTheSession) {
  if (v3_2() == nullptr) GTEST_SKIP() << "a module before v3.2";
  CK_FLAGS flags = 0;
  CK_MECHANISM mechanism{CKM_RSA_PKCS, nullptr, 0};
  EXPECT_TRUE(is_one_of(v3_2()->C_GetSessionValidationFlags(~0UL, 1, &flags), kBadSession));
  EXPECT_TRUE(
      is_one_of(v3_2()->C_VerifySignatureInit(~0UL, &mechanism, 1, nullptr, 0), kBadSession));
  EXPECT_NE(CKR_OK, v3_2()->C_VerifySignatureFinal(session_)) << "nothing was begun";
}

}  // namespace
}  // namespace kilt::conformance
