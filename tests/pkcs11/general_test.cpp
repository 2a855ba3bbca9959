// C_Initialize, C_Finalize, C_GetInfo and what every function does without them.
#include "tests/support/all_functions.h"
#include "tests/support/module_test.h"

namespace kilt::test {
namespace {

TEST(NotInitialized, EveryFunctionSaysSo) {
  for (const auto& [name, call] : all_functions_with_nulls())
    EXPECT_EQ(CKR_CRYPTOKI_NOT_INITIALIZED, call()) << name;
}

class General : public ModuleTest {};

TEST_F(General, SecondInitializeIsRefused) {
  EXPECT_EQ(CKR_CRYPTOKI_ALREADY_INITIALIZED, C_Initialize(nullptr));
}

TEST_F(General, FinalizeWantsNoArgumentAndWorksOnce) {
  int something = 0;
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Finalize(&something));
  EXPECT_EQ(CKR_OK, C_Finalize(nullptr));
  EXPECT_EQ(CKR_CRYPTOKI_NOT_INITIALIZED, C_Finalize(nullptr));
  EXPECT_EQ(CKR_OK, C_Initialize(nullptr));
}

CK_RV create_mutex(void**) { return CKR_OK; }
CK_RV use_mutex(void*) { return CKR_OK; }

TEST(Initialize, MutexCallbacks) {
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.CreateMutex = create_mutex;
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Initialize(&arguments)) << "one callback of four";
  arguments.DestroyMutex = use_mutex;
  arguments.LockMutex = use_mutex;
  arguments.UnlockMutex = use_mutex;
  EXPECT_EQ(CKR_CANT_LOCK, C_Initialize(&arguments)) << "callbacks only";
  arguments.flags = CKF_OS_LOCKING_OK;
  EXPECT_EQ(CKR_OK, C_Initialize(&arguments));
  EXPECT_EQ(CKR_OK, C_Finalize(nullptr));
  CK_C_INITIALIZE_ARGS flags_only{};
  flags_only.flags = CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS;
  EXPECT_EQ(CKR_OK, C_Initialize(&flags_only));
  EXPECT_EQ(CKR_OK, C_Finalize(nullptr));
  int something = 0;
  flags_only.pReserved = &something;
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_Initialize(&flags_only));
}

TEST_F(General, InfoNamesTheVersions) {
  CK_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetInfo(&info));
  EXPECT_EQ(3, info.cryptokiVersion.major);
  EXPECT_EQ(2, info.cryptokiVersion.minor);
  EXPECT_EQ(0UL, info.flags);
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetInfo(nullptr));
}

TEST(FunctionList, HoldsEveryFunction) {
  CK_FUNCTION_LIST* list = nullptr;
  ASSERT_EQ(CKR_OK, C_GetFunctionList(&list));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_GetFunctionList(nullptr));
  // version, then 68 pointers, none of them NULL.
  const auto* first = reinterpret_cast<void* const*>(&list->C_Initialize);
  const auto* end = reinterpret_cast<void* const*>(list + 1);
  EXPECT_EQ(68, end - first);
  for (const auto* function = first; function != end; ++function)
    EXPECT_NE(nullptr, *function) << "entry " << function - first;
}

TEST_F(General, NothingCrashesOnNulls) {
  // Handle 0, NULL everywhere: each function refuses with a code that the standard lists.
  for (const auto& [name, call] : all_functions_with_nulls()) {
    if (std::string(name) == "C_Finalize") continue;
    const CK_RV rv = call();
    if (std::string(name) == "C_GetFunctionList" || std::string(name) == "C_GetSlotList" ||
        std::string(name) == "C_GetInfo" || std::string(name) == "C_WaitForSlotEvent") {
      EXPECT_EQ(CKR_ARGUMENTS_BAD, rv) << name;
      continue;
    }
    EXPECT_TRUE(rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SLOT_ID_INVALID ||
                rv == CKR_ARGUMENTS_BAD)
        << name << " gives " << std::hex << rv;
  }
}

}  // namespace
}  // namespace kilt::test
