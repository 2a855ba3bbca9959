// SoftHSM as a module that takes PKCS#1 paddings off by itself only: many have no raw RSA.
#include <algorithm>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

namespace {

CK_FUNCTION_LIST* softhsm() {
  static CK_FUNCTION_LIST* const functions = [] {
    CK_FUNCTION_LIST* list = nullptr;
    void* library = dlopen(KILT_SOFTHSM, RTLD_NOW | RTLD_LOCAL);
    void* symbol = library == nullptr ? nullptr : dlsym(library, "C_GetFunctionList");
    if (symbol != nullptr) reinterpret_cast<CK_C_GetFunctionList>(symbol)(&list);
    return list;
  }();
  return functions;
}

CK_RV mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE* list, CK_ULONG* count) {
  const CK_RV rv = softhsm()->C_GetMechanismList(slot, list, count);
  if (rv != CKR_OK || list == nullptr) return rv;
  *count = static_cast<CK_ULONG>(std::remove(list, list + *count, CKM_RSA_X_509) - list);
  return rv;
}

CK_RV mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO* info) {
  if (type == CKM_RSA_X_509) return CKR_MECHANISM_INVALID;
  return softhsm()->C_GetMechanismInfo(slot, type, info);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  if (softhsm() == nullptr) return CKR_GENERAL_ERROR;
  static CK_FUNCTION_LIST functions = *softhsm();
  functions.C_GetMechanismList = mechanism_list;
  functions.C_GetMechanismInfo = mechanism_info;
  *list = &functions;
  return CKR_OK;
}
