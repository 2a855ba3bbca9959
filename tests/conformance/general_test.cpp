// C_Initialize, C_Finalize, C_GetInfo, C_GetFunctionList (PKCS#11 v3.2, 5.4).
#include <algorithm>

#include "tests/conformance/fixtures.h"

namespace kilt::conformance {
namespace {

/// A padded text of the standard: no zero, blanks to the end.
template <std::size_t N>
bool padded(const unsigned char (&text)[N]) {
  return std::find(std::begin(text), std::end(text), 0) == std::end(text);
}

TEST(Initialize, NothingWorksBefore) {
  CK_INFO info{};
  CK_ULONG count = 0;
  CK_SESSION_HANDLE session = 0;
  EXPECT_EQ(CKR_CRYPTOKI_NOT_INITIALIZED, p11().C_GetInfo(&info));
  EXPECT_EQ(CKR_CRYPTOKI_NOT_INITIALIZED, p11().C_GetSlotList(CK_FALSE, nullptr, &count));
  EXPECT_EQ(CKR_CRYPTOKI_NOT_INITIALIZED,
            p11().C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &session));
  EXPECT_EQ(CKR_CRYPTOKI_NOT_INITIALIZED, p11().C_FindObjectsFinal(1));
  EXPECT_EQ(CKR_CRYPTOKI_NOT_INITIALIZED, p11().C_Finalize(nullptr));
}

TEST(Initialize, ReservedMustBeNull) {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  arguments.pReserved = &arguments;
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_Initialize(&arguments));
  p11().C_Finalize(nullptr);
}

CK_RV create_mutex(void**) { return CKR_OK; }
CK_RV use_mutex(void*) { return CKR_OK; }

TEST(Initialize, SomeCallbacksAreTooFew) {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.CreateMutex = create_mutex;
  arguments.LockMutex = use_mutex;
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_Initialize(&arguments));
  p11().C_Finalize(nullptr);
}

TEST(Initialize, OsLockingIsPossible) {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS;
  ASSERT_EQ(CKR_OK, p11().C_Initialize(&arguments));
  EXPECT_EQ(CKR_OK, p11().C_Finalize(nullptr));
}

class General : public Initialized {};

TEST_F(General, SecondInitializeIsRefused) {
  EXPECT_EQ(CKR_CRYPTOKI_ALREADY_INITIALIZED, p11().C_Initialize(nullptr));
}

TEST_F(General, FinalizeWantsNull) {
  int something = 0;
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_Finalize(&something));
  CK_INFO info{};
  EXPECT_EQ(CKR_OK, p11().C_GetInfo(&info)) << "the library lives on";
}

TEST_F(General, FinalizeTwice) {
  ASSERT_EQ(CKR_OK, p11().C_Finalize(nullptr));
  EXPECT_EQ(CKR_CRYPTOKI_NOT_INITIALIZED, p11().C_Finalize(nullptr));
}

TEST_F(General, Info) {
  CK_INFO info{};
  ASSERT_EQ(CKR_OK, p11().C_GetInfo(&info));
  EXPECT_GE(info.cryptokiVersion.major, 2);
  EXPECT_EQ(0UL, info.flags);
  EXPECT_TRUE(padded(info.manufacturerID));
  EXPECT_TRUE(padded(info.libraryDescription));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, p11().C_GetInfo(nullptr));
}

TEST(FunctionList, EveryEntryIsThere) {
  EXPECT_EQ(2, p11().version.major);
  void* const* function = reinterpret_cast<void* const*>(&p11()) + 1;  // NOLINT: a table
  for (int i = 0; i < 68; ++i) EXPECT_NE(nullptr, function[i]) << i;
}

TEST(FunctionList, NullIsRefused) {
  auto* get = reinterpret_cast<CK_C_GetFunctionList>(symbol("C_GetFunctionList"));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, get(nullptr));
}

TEST_F(General, LegacyFunctionsAreNotParallel) {
  const CK_SESSION_HANDLE session = open();
  EXPECT_EQ(CKR_FUNCTION_NOT_PARALLEL, p11().C_GetFunctionStatus(session));
  EXPECT_EQ(CKR_FUNCTION_NOT_PARALLEL, p11().C_CancelFunction(session));
}

}  // namespace
}  // namespace kilt::conformance
