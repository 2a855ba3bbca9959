// General purpose functions (PKCS#11 v3.2, 5.4) and the two legacy ones (5.15).
#include <string_view>

#include "pkcs11/entry.h"
#include "pkcs11/interfaces.h"
#include "pkcs11/text.h"

using namespace kilt::p11;

namespace {

void check_arguments(const CK_C_INITIALIZE_ARGS* arguments) {
  if (arguments == nullptr) return;
  refuse_if(arguments->pReserved != nullptr, CKR_ARGUMENTS_BAD);
  const int callbacks = (arguments->CreateMutex != nullptr) + (arguments->DestroyMutex != nullptr) +
                        (arguments->LockMutex != nullptr) + (arguments->UnlockMutex != nullptr);
  refuse_if(callbacks != 0 && callbacks != 4, CKR_ARGUMENTS_BAD);
  // The module locks with the system's primitives only (design decision 20).
  refuse_if(callbacks == 4 && (arguments->flags & CKF_OS_LOCKING_OK) == 0, CKR_CANT_LOCK);
}

CK_RV give_info(const char* name, CK_INFO* info, const CK_VERSION& version) {
  return entry(name, [&](Module&) {
    need_pointer(info);
    *info = {};
    info->cryptokiVersion = version;
    pad_text(info->manufacturerID, "Kilt project");
    pad_text(info->libraryDescription, "Kilt: tokens of the NCA RK");
    info->libraryVersion = {KILT_VERSION_MAJOR, KILT_VERSION_MINOR};
  });
}

}  // namespace

CK_RV C_Initialize(void* init_args) {
  return entry_any(__func__, [&] {
    check_arguments(static_cast<const CK_C_INITIALIZE_ARGS*>(init_args));
    initialize_module();
  });
}

CK_RV C_Finalize(void* reserved) {
  return entry_any(__func__, [&] {
    static_cast<void>(current_module());
    refuse_if(reserved != nullptr, CKR_ARGUMENTS_BAD);
    finalize_module();
  });
}

CK_RV kilt::p11::info_2_40(CK_INFO* info) { return give_info("C_GetInfo", info, kVersion2_40); }
CK_RV kilt::p11::info_3_0(CK_INFO* info) { return give_info("C_GetInfo", info, kVersion3_0); }
CK_RV C_GetInfo(CK_INFO* info) { return give_info(__func__, info, kVersion3_2); }

CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE session) {
  return session_entry(__func__, session,
                       [](Session&) { throw Refusal(CKR_FUNCTION_NOT_PARALLEL); });
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE session) {
  return session_entry(__func__, session,
                       [](Session&) { throw Refusal(CKR_FUNCTION_NOT_PARALLEL); });
}
