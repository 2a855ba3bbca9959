// A PKCS#11 module that never starts.
#include <p11-kit/pkcs11.h>
#include <unistd.h>

namespace {

CK_RV hang(void*) {
  while (true) pause();
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST functions{};
  functions.version = {2, 40};
  functions.C_Initialize = hang;
  *list = &functions;
  return CKR_OK;
}
