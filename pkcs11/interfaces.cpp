// The function tables: v2.40, v3.0 and v3.2 (PKCS#11 v3.2, 3.6 and 5.4.4 to 5.4.6).
#include "pkcs11/interfaces.h"

#include <algorithm>
#include <array>

#include "pkcs11/entry.h"

using namespace kilt::p11;

namespace {

// Named members, so that no function can land in another's place. The later tables begin as the
// earlier ones but are not derived from them in every header.

void fill_2_40(auto& list) {
  list.C_Initialize = C_Initialize;
  list.C_Finalize = C_Finalize;
  list.C_GetFunctionList = C_GetFunctionList;
  list.C_GetSlotList = C_GetSlotList;
  list.C_GetSlotInfo = C_GetSlotInfo;
  list.C_GetTokenInfo = C_GetTokenInfo;
  list.C_GetMechanismList = C_GetMechanismList;
  list.C_GetMechanismInfo = C_GetMechanismInfo;
  list.C_InitToken = C_InitToken;
  list.C_InitPIN = C_InitPIN;
  list.C_SetPIN = C_SetPIN;
  list.C_OpenSession = C_OpenSession;
  list.C_CloseSession = C_CloseSession;
  list.C_CloseAllSessions = C_CloseAllSessions;
  list.C_GetSessionInfo = C_GetSessionInfo;
  list.C_GetOperationState = C_GetOperationState;
  list.C_SetOperationState = C_SetOperationState;
  list.C_Login = C_Login;
  list.C_Logout = C_Logout;
  list.C_CreateObject = C_CreateObject;
  list.C_CopyObject = C_CopyObject;
  list.C_DestroyObject = C_DestroyObject;
  list.C_GetObjectSize = C_GetObjectSize;
  list.C_GetAttributeValue = C_GetAttributeValue;
  list.C_SetAttributeValue = C_SetAttributeValue;
  list.C_FindObjectsInit = C_FindObjectsInit;
  list.C_FindObjects = C_FindObjects;
  list.C_FindObjectsFinal = C_FindObjectsFinal;
  list.C_EncryptInit = C_EncryptInit;
  list.C_Encrypt = C_Encrypt;
  list.C_EncryptUpdate = C_EncryptUpdate;
  list.C_EncryptFinal = C_EncryptFinal;
  list.C_DecryptInit = C_DecryptInit;
  list.C_Decrypt = C_Decrypt;
  list.C_DecryptUpdate = C_DecryptUpdate;
  list.C_DecryptFinal = C_DecryptFinal;
  list.C_DigestInit = C_DigestInit;
  list.C_Digest = C_Digest;
  list.C_DigestUpdate = C_DigestUpdate;
  list.C_DigestKey = C_DigestKey;
  list.C_DigestFinal = C_DigestFinal;
  list.C_SignInit = C_SignInit;
  list.C_Sign = C_Sign;
  list.C_SignUpdate = C_SignUpdate;
  list.C_SignFinal = C_SignFinal;
  list.C_SignRecoverInit = C_SignRecoverInit;
  list.C_SignRecover = C_SignRecover;
  list.C_VerifyInit = C_VerifyInit;
  list.C_Verify = C_Verify;
  list.C_VerifyUpdate = C_VerifyUpdate;
  list.C_VerifyFinal = C_VerifyFinal;
  list.C_VerifyRecoverInit = C_VerifyRecoverInit;
  list.C_VerifyRecover = C_VerifyRecover;
  list.C_DigestEncryptUpdate = C_DigestEncryptUpdate;
  list.C_DecryptDigestUpdate = C_DecryptDigestUpdate;
  list.C_SignEncryptUpdate = C_SignEncryptUpdate;
  list.C_DecryptVerifyUpdate = C_DecryptVerifyUpdate;
  list.C_GenerateKey = C_GenerateKey;
  list.C_GenerateKeyPair = C_GenerateKeyPair;
  list.C_WrapKey = C_WrapKey;
  list.C_UnwrapKey = C_UnwrapKey;
  list.C_DeriveKey = C_DeriveKey;
  list.C_SeedRandom = C_SeedRandom;
  list.C_GenerateRandom = C_GenerateRandom;
  list.C_GetFunctionStatus = C_GetFunctionStatus;
  list.C_CancelFunction = C_CancelFunction;
  list.C_WaitForSlotEvent = C_WaitForSlotEvent;
}

void fill_3_0(auto& list) {
  fill_2_40(list);
  list.C_GetInterfaceList = C_GetInterfaceList;
  list.C_GetInterface = C_GetInterface;
  list.C_LoginUser = C_LoginUser;
  list.C_SessionCancel = C_SessionCancel;
  list.C_MessageEncryptInit = C_MessageEncryptInit;
  list.C_EncryptMessage = C_EncryptMessage;
  list.C_EncryptMessageBegin = C_EncryptMessageBegin;
  list.C_EncryptMessageNext = C_EncryptMessageNext;
  list.C_MessageEncryptFinal = C_MessageEncryptFinal;
  list.C_MessageDecryptInit = C_MessageDecryptInit;
  list.C_DecryptMessage = C_DecryptMessage;
  list.C_DecryptMessageBegin = C_DecryptMessageBegin;
  list.C_DecryptMessageNext = C_DecryptMessageNext;
  list.C_MessageDecryptFinal = C_MessageDecryptFinal;
  list.C_MessageSignInit = C_MessageSignInit;
  list.C_SignMessage = C_SignMessage;
  list.C_SignMessageBegin = C_SignMessageBegin;
  list.C_SignMessageNext = C_SignMessageNext;
  list.C_MessageSignFinal = C_MessageSignFinal;
  list.C_MessageVerifyInit = C_MessageVerifyInit;
  list.C_VerifyMessage = C_VerifyMessage;
  list.C_VerifyMessageBegin = C_VerifyMessageBegin;
  list.C_VerifyMessageNext = C_VerifyMessageNext;
  list.C_MessageVerifyFinal = C_MessageVerifyFinal;
}

void fill_3_2(CK_FUNCTION_LIST_3_2& list) {
  fill_3_0(list);
  list.C_EncapsulateKey = C_EncapsulateKey;
  list.C_DecapsulateKey = C_DecapsulateKey;
  list.C_VerifySignatureInit = C_VerifySignatureInit;
  list.C_VerifySignature = C_VerifySignature;
  list.C_VerifySignatureUpdate = C_VerifySignatureUpdate;
  list.C_VerifySignatureFinal = C_VerifySignatureFinal;
  list.C_GetSessionValidationFlags = C_GetSessionValidationFlags;
  list.C_AsyncComplete = C_AsyncComplete;
  list.C_AsyncGetID = C_AsyncGetID;
  list.C_AsyncJoin = C_AsyncJoin;
  list.C_WrapKeyAuthenticated = C_WrapKeyAuthenticated;
  list.C_UnwrapKeyAuthenticated = C_UnwrapKeyAuthenticated;
}

/// C_GetInfo gives the version of the table it was taken from.
struct Tables {
  Tables() {
    fill_2_40(v2_40);
    v2_40.version = kVersion2_40;
    v2_40.C_GetInfo = info_2_40;
    fill_3_0(v3_0);
    v3_0.version = kVersion3_0;
    v3_0.C_GetInfo = info_3_0;
    fill_3_2(v3_2);
    v3_2.version = kVersion3_2;
    v3_2.C_GetInfo = C_GetInfo;
  }

  CK_FUNCTION_LIST v2_40{};
  CK_FUNCTION_LIST_3_0 v3_0{};
  CK_FUNCTION_LIST_3_2 v3_2{};
  std::array<char, 8> name{'P', 'K', 'C', 'S', ' ', '1', '1', 0};
  // The newest first: who asks for no version gets it. No flags: a child of fork() must call
  // C_Initialize (CKF_INTERFACE_FORK_SAFE would promise more).
  std::array<CK_INTERFACE, 3> interfaces{{
      {name.data(), &v3_2, 0},
      {name.data(), &v3_0, 0},
      {name.data(), &v2_40, 0},
  }};
};

Tables& tables() {
  static Tables all;
  return all;
}

bool same_version(const CK_VERSION& one, const CK_VERSION& other) {
  return one.major == other.major && one.minor == other.minor;
}

bool named(const CK_INTERFACE& interface, const CK_UTF8CHAR* name) {
  // NUL-terminated, as the standard gives no length: compared no further than our own name.
  for (const char* ours = interface.pInterfaceName;; ++ours, ++name) {
    if (static_cast<CK_UTF8CHAR>(*ours) != *name) return false;
    if (*ours == 0) return true;
  }
}

}  // namespace

CK_RV C_GetFunctionList(CK_FUNCTION_LIST** function_list) {
  return entry_any(__func__, [&] {
    need_pointer(function_list);
    *function_list = &tables().v2_40;
  });
}

CK_RV C_GetInterfaceList(CK_INTERFACE* interfaces, CK_ULONG* count) {
  return entry_any(__func__, [&] {
    need_pointer(count);
    const auto& all = tables().interfaces;
    const CK_ULONG room = *count;
    *count = all.size();
    if (interfaces == nullptr) return;
    refuse_if(room < all.size(), CKR_BUFFER_TOO_SMALL);
    std::ranges::copy(all, interfaces);
  });
}

CK_RV C_GetInterface(CK_UTF8CHAR* name, CK_VERSION* version, CK_INTERFACE** interface,
                     CK_FLAGS flags) {
  return entry_any(__func__, [&] {
    need_pointer(interface);
    for (CK_INTERFACE& one : tables().interfaces) {
      if (name != nullptr && !named(one, name)) continue;
      // Every table begins with its version.
      const auto& its_version = *static_cast<const CK_VERSION*>(one.pFunctionList);
      if (version != nullptr && !same_version(*version, its_version)) continue;
      if ((one.flags & flags) != flags) continue;
      *interface = &one;
      return;
    }
    throw Refusal(CKR_FUNCTION_FAILED);  // the code the standard leaves for "there is none"
  });
}
