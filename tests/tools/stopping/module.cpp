// A PKCS#11 module in front of another one that ends the process at a chosen step, as SIGKILL does.
// Steps are the calls that change a token or use a key; each has a moment before it and one after.
//
//   KILT_STOP_MODULE   the module behind
//   KILT_STOP_AT       the moment, from 1 on; absent or 0: never
//   KILT_STOP_LOG      a file that gets one line per moment passed, "before C_…" or "after C_…"
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <unistd.h>

namespace {

CK_FUNCTION_LIST* behind = nullptr;

void moment(const char* when, const char* function) {
  static const char* const at = std::getenv("KILT_STOP_AT");
  static const long last = at == nullptr ? 0 : std::strtol(at, nullptr, 10);
  static long passed = 0;
  if (const char* log = std::getenv("KILT_STOP_LOG"); log != nullptr) {
    if (std::FILE* file = std::fopen(log, "a"); file != nullptr) {
      std::fprintf(file, "%s %s\n", when, function);
      std::fclose(file);
    }
  }
  if (++passed == last) kill(getpid(), SIGKILL);
}

/// step<&CK_FUNCTION_LIST::C_X>::call: C_X of the module behind, between its two moments.
template <auto member>
struct Step;
template <typename... Arguments, CK_RV (*CK_FUNCTION_LIST::*member)(Arguments...)>
struct Step<member> {
  static inline const char* name = "";
  static CK_RV call(Arguments... arguments) {
    moment("before", name);
    const CK_RV result = (behind->*member)(arguments...);
    moment("after", name);
    return result;
  }
};

CK_FUNCTION_LIST list{};

template <auto member>
void stop_at(const char* name) {
  Step<member>::name = name;
  list.*member = Step<member>::call;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(
    CK_FUNCTION_LIST** functions) {
  const char* path = std::getenv("KILT_STOP_MODULE");
  void* library = path == nullptr ? nullptr : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return CKR_GENERAL_ERROR;
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  if (get == nullptr || get(&behind) != CKR_OK) return CKR_GENERAL_ERROR;
  list = *behind;
#define KILT_STOP_AT_CALL(function) stop_at<&CK_FUNCTION_LIST::function>(#function);
  KILT_STOP_AT_CALL(C_Login)
  KILT_STOP_AT_CALL(C_GenerateKeyPair)
  KILT_STOP_AT_CALL(C_CreateObject)
  KILT_STOP_AT_CALL(C_SetAttributeValue)
  KILT_STOP_AT_CALL(C_DestroyObject)
  KILT_STOP_AT_CALL(C_SignInit)
  KILT_STOP_AT_CALL(C_Sign)
  KILT_STOP_AT_CALL(C_InitPIN)
  KILT_STOP_AT_CALL(C_SetPIN)
#undef KILT_STOP_AT_CALL
  *functions = &list;
  return CKR_OK;
}
