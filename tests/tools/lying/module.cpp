// A PKCS#11 module that reports impossible sizes; which, says the environment variable LIE. For
// tests that a tool does not believe it.
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <p11-kit/pkcs11.h>

namespace {

bool lie(std::string_view what) {
  const char* lie = std::getenv("LIE");
  return lie != nullptr && what == lie;
}

constexpr CK_ULONG kHuge = CK_ULONG{1} << 60U;

CK_RV initialize(void* /*arguments*/) { return CKR_OK; }
CK_RV finalize(void* /*reserved*/) { return CKR_OK; }

CK_RV slot_list(CK_BBOOL /*present*/, CK_SLOT_ID* list, CK_ULONG* count) {
  if (lie("slots")) {
    *count = kHuge;
    return CKR_OK;
  }
  if (list != nullptr) list[0] = 0;
  // One more than there was room for.
  *count = list != nullptr && lie("slots-later") ? 1000 : 1;
  return CKR_OK;
}

CK_RV slot_info(CK_SLOT_ID /*slot*/, CK_SLOT_INFO* info) {
  std::memset(info, 0xFF, sizeof *info);  // no text ends anywhere, nothing is UTF-8
  info->flags = CKF_TOKEN_PRESENT;
  return CKR_OK;
}

CK_RV token_info(CK_SLOT_ID /*slot*/, CK_TOKEN_INFO* info) {
  std::memset(info, 0x1B, sizeof *info);  // escape sequences for the terminal
  info->flags = CKF_TOKEN_INITIALIZED;
  return CKR_OK;
}

CK_RV open_session(CK_SLOT_ID /*slot*/, CK_FLAGS /*flags*/, void* /*application*/,
                   CK_NOTIFY /*notify*/, CK_SESSION_HANDLE* session) {
  *session = 1;
  return CKR_OK;
}
CK_RV close_session(CK_SESSION_HANDLE /*session*/) { return CKR_OK; }

int batches = 0;

CK_RV find_init(CK_SESSION_HANDLE /*session*/, CK_ATTRIBUTE* /*wanted*/, CK_ULONG /*count*/) {
  batches = 0;
  return CKR_OK;
}
CK_RV find(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE* objects, CK_ULONG room,
           CK_ULONG* count) {
  if (lie("find")) {
    *count = room + 1;
    return CKR_OK;
  }
  // "endless" always has more.
  *count = batches++ == 0 || lie("endless") ? 1 : 0;
  objects[0] = 1;
  return CKR_OK;
}
CK_RV find_final(CK_SESSION_HANDLE /*session*/) { return CKR_OK; }

CK_RV attributes(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE /*object*/, CK_ATTRIBUTE* list,
                 CK_ULONG count) {
  for (CK_ULONG i = 0; i < count; ++i) {
    if (list[i].pValue == nullptr)
      list[i].ulValueLen = lie("attribute") ? kHuge : 4;
    else
      list[i].ulValueLen = lie("attribute-later") ? 4096 : list[i].ulValueLen;
  }
  return CKR_OK;
}

CK_RV sign_init(CK_SESSION_HANDLE /*session*/, CK_MECHANISM* /*how*/, CK_OBJECT_HANDLE /*key*/) {
  return CKR_OK;
}
CK_RV sign(CK_SESSION_HANDLE /*session*/, CK_BYTE* /*data*/, CK_ULONG /*size*/,
           CK_BYTE* /*signature*/, CK_ULONG* signature_size) {
  *signature_size = kHuge;
  return CKR_OK;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(
    CK_FUNCTION_LIST** functions) {
  static CK_FUNCTION_LIST list{};
  list.C_Initialize = initialize;
  list.C_Finalize = finalize;
  list.C_GetSlotList = slot_list;
  list.C_GetSlotInfo = slot_info;
  list.C_GetTokenInfo = token_info;
  list.C_OpenSession = open_session;
  list.C_CloseSession = close_session;
  list.C_FindObjectsInit = find_init;
  list.C_FindObjects = find;
  list.C_FindObjectsFinal = find_final;
  list.C_GetAttributeValue = attributes;
  list.C_SignInit = sign_init;
  list.C_Sign = sign;
  *functions = &list;
  return CKR_OK;
}
