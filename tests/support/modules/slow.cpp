// A PKCS#11 module that takes its time to start, and tells in which thread that was.
#include <p11-kit/pkcs11.h>
#include <unistd.h>

extern "C" __attribute__((visibility("default"))) pid_t started_in_thread;
pid_t started_in_thread = 0;

namespace {

CK_RV start_slowly(void*) {
  started_in_thread = gettid();
  usleep(300'000);
  return CKR_OK;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST functions{};
  functions.version = {2, 40};
  functions.C_Initialize = start_slowly;
  *list = &functions;
  return CKR_OK;
}
