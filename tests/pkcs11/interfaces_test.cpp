// The tables of v2.40, v3.0 and v3.2, and how a program asks for them.
#include "tests/support/module_test.h"

namespace kilt::test {
namespace {

std::vector<CK_INTERFACE> interfaces() {
  CK_ULONG count = 0;
  EXPECT_EQ(CKR_OK, C_GetInterfaceList(nullptr, &count));
  std::vector<CK_INTERFACE> list(count);
  EXPECT_EQ(CKR_OK, C_GetInterfaceList(list.data(), &count));
  return list;
}

const CK_VERSION& version_of(const CK_INTERFACE& interface) {
  return *static_cast<const CK_VERSION*>(interface.pFunctionList);
}

CK_INTERFACE* get(const char* name, std::optional<CK_VERSION> version, CK_FLAGS flags = 0) {
  std::string text = name == nullptr ? "" : name;
  CK_INTERFACE* found = nullptr;
  const CK_RV rv = C_GetInterface(name == nullptr ? nullptr : chars(text),
                                  version ? &*version : nullptr, &found, flags);
  EXPECT_EQ(found == nullptr ? CKR_FUNCTION_FAILED : CKR_OK, rv);
  return found;
}

TEST(Interfaces, ThreeTablesTheNewestFirst) {
  const auto list = interfaces();
  ASSERT_EQ(3U, list.size());
  const std::array<std::array<int, 2>, 3> versions{{{3, 2}, {3, 0}, {2, 40}}};
  const std::array<std::size_t, 3> sizes{104, 92, 68};
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_STREQ("PKCS 11", list[i].pInterfaceName);
    EXPECT_EQ(0UL, list[i].flags) << "a child of fork() must initialise";
    EXPECT_EQ(versions.at(i)[0], version_of(list[i]).major);
    EXPECT_EQ(versions.at(i)[1], version_of(list[i]).minor);
    void* const* functions = static_cast<void**>(list[i].pFunctionList) + 1;
    for (std::size_t f = 0; f < sizes.at(i); ++f) EXPECT_NE(nullptr, functions[f]) << i << ":" << f;
  }
}

TEST(Interfaces, TheOldTableIsThatOfGetFunctionList) {
  CK_FUNCTION_LIST* list = nullptr;
  ASSERT_EQ(CKR_OK, C_GetFunctionList(&list));
  EXPECT_EQ(list, interfaces().at(2).pFunctionList);
  EXPECT_EQ(2, list->version.major);
  EXPECT_EQ(40, list->version.minor);
}

TEST(Interfaces, AskedForByNameVersionAndFlags) {
  EXPECT_EQ(3, version_of(*get(nullptr, {})).major);
  EXPECT_EQ(2, version_of(*get("PKCS 11", {})).minor);
  EXPECT_EQ(40, version_of(*get("PKCS 11", CK_VERSION{2, 40})).minor);
  EXPECT_EQ(0, version_of(*get(nullptr, CK_VERSION{3, 0})).minor);
  EXPECT_EQ(nullptr, get("PKCS 11", CK_VERSION{3, 1}));
  EXPECT_EQ(nullptr, get("PKCS 1", {}));
  EXPECT_EQ(nullptr, get("PKCS 11 ", {}));
  EXPECT_EQ(nullptr, get("", {}));
  EXPECT_EQ(nullptr, get("PKCS 11", {}, CKF_INTERFACE_FORK_SAFE));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetInterface(nullptr, nullptr, nullptr, 0));
}

TEST(Interfaces, ListFollowsTheConventionForSizes) {
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetInterfaceList(nullptr, nullptr));
  std::array<CK_INTERFACE, 3> list{};
  CK_ULONG count = 2;
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL, C_GetInterfaceList(list.data(), &count));
  EXPECT_EQ(3U, count);
  EXPECT_EQ(nullptr, list[0].pFunctionList);
}

class InitializedInterfaces : public ModuleTest {};

TEST_F(InitializedInterfaces, EachTableTellsItsOwnVersion) {
  for (const CK_INTERFACE& one : interfaces()) {
    CK_INFO info{};
    ASSERT_EQ(CKR_OK, static_cast<CK_FUNCTION_LIST*>(one.pFunctionList)->C_GetInfo(&info));
    EXPECT_EQ(version_of(one).major, info.cryptokiVersion.major);
    EXPECT_EQ(version_of(one).minor, info.cryptokiVersion.minor);
  }
}

TEST_F(InitializedInterfaces, FunctionsNobodyHasAreRefusedAfterTheirChecks) {
  insert("kaztoken");
  auto& table = *static_cast<CK_FUNCTION_LIST_3_2*>(interfaces().at(0).pFunctionList);
  CK_MECHANISM mechanism{CKM_AES_GCM, nullptr, 0};
  EXPECT_EQ(CKR_SESSION_HANDLE_INVALID, table.C_MessageEncryptInit(77, &mechanism, 0));
  const CK_SESSION_HANDLE session = open_session();
  EXPECT_EQ(CKR_FUNCTION_NOT_SUPPORTED, table.C_MessageEncryptInit(session, &mechanism, 0));
  EXPECT_EQ(CKR_FUNCTION_NOT_SUPPORTED, table.C_MessageSignInit(session, &mechanism, 0));
  EXPECT_EQ(CKR_FUNCTION_NOT_SUPPORTED,
            table.C_VerifySignatureInit(session, &mechanism, 0, nullptr, 0));
  CK_ULONG size = 0;
  EXPECT_EQ(CKR_FUNCTION_NOT_SUPPORTED,
            table.C_EncapsulateKey(session, &mechanism, 0, nullptr, 0, nullptr, &size, nullptr));
  CK_FLAGS flags = ~0UL;
  EXPECT_EQ(CKR_ARGUMENTS_BAD,
            table.C_GetSessionValidationFlags(session, CKS_LAST_VALIDATION_OK, nullptr));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, table.C_GetSessionValidationFlags(session, 2, &flags));
  EXPECT_EQ(CKR_OK, table.C_GetSessionValidationFlags(session, CKS_LAST_VALIDATION_OK, &flags));
  EXPECT_EQ(0UL, flags);
  CK_SESSION_HANDLE other = 0;
  EXPECT_EQ(CKR_SESSION_ASYNC_NOT_SUPPORTED,
            C_OpenSession(0, CKF_SERIAL_SESSION | CKF_ASYNC_SESSION, nullptr, nullptr, &other));
}

}  // namespace
}  // namespace kilt::test
