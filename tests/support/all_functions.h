// Every function of the table with handle 0 and NULL for every pointer: what a careless program
// does.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "pkcs11/cryptoki.h"

namespace kilt::test {

/// All but C_Initialize, C_GetFunctionList and C_GetInterface(List), which work without
/// initialisation. `session` and `slot` go where the function takes one.
inline std::vector<std::pair<const char*, std::function<CK_RV()>>> all_functions_with_nulls(
    CK_SESSION_HANDLE session = 0, CK_SLOT_ID slot = 9999) {
  return {
      {"C_Finalize", [=] { return C_Finalize(nullptr); }},
      {"C_GetInfo", [=] { return C_GetInfo(nullptr); }},
      {"C_GetSlotList", [=] { return C_GetSlotList(0, nullptr, nullptr); }},
      {"C_GetSlotInfo", [=] { return C_GetSlotInfo(slot, nullptr); }},
      {"C_GetTokenInfo", [=] { return C_GetTokenInfo(slot, nullptr); }},
      {"C_WaitForSlotEvent", [=] { return C_WaitForSlotEvent(0, nullptr, nullptr); }},
      {"C_GetMechanismList", [=] { return C_GetMechanismList(slot, nullptr, nullptr); }},
      {"C_GetMechanismInfo", [=] { return C_GetMechanismInfo(slot, 0, nullptr); }},
      {"C_InitToken", [=] { return C_InitToken(slot, nullptr, 0, nullptr); }},
      {"C_InitPIN", [=] { return C_InitPIN(session, nullptr, 0); }},
      {"C_SetPIN", [=] { return C_SetPIN(session, nullptr, 0, nullptr, 0); }},
      {"C_OpenSession", [=] { return C_OpenSession(slot, 0, nullptr, nullptr, nullptr); }},
      {"C_CloseSession", [=] { return C_CloseSession(session); }},
      {"C_CloseAllSessions", [=] { return C_CloseAllSessions(slot); }},
      {"C_GetSessionInfo", [=] { return C_GetSessionInfo(session, nullptr); }},
      {"C_GetOperationState", [=] { return C_GetOperationState(session, nullptr, nullptr); }},
      {"C_SetOperationState", [=] { return C_SetOperationState(session, nullptr, 0, 0, 0); }},
      {"C_Login", [=] { return C_Login(session, 0, nullptr, 0); }},
      {"C_Logout", [=] { return C_Logout(session); }},
      {"C_CreateObject", [=] { return C_CreateObject(session, nullptr, 0, nullptr); }},
      {"C_CopyObject", [=] { return C_CopyObject(session, 0, nullptr, 0, nullptr); }},
      {"C_DestroyObject", [=] { return C_DestroyObject(session, 0); }},
      {"C_GetObjectSize", [=] { return C_GetObjectSize(session, 0, nullptr); }},
      {"C_GetAttributeValue", [=] { return C_GetAttributeValue(session, 0, nullptr, 0); }},
      {"C_SetAttributeValue", [=] { return C_SetAttributeValue(session, 0, nullptr, 0); }},
      {"C_FindObjectsInit", [=] { return C_FindObjectsInit(session, nullptr, 0); }},
      {"C_FindObjects", [=] { return C_FindObjects(session, nullptr, 0, nullptr); }},
      {"C_FindObjectsFinal", [=] { return C_FindObjectsFinal(session); }},
      {"C_EncryptInit", [=] { return C_EncryptInit(session, nullptr, 0); }},
      {"C_Encrypt", [=] { return C_Encrypt(session, nullptr, 0, nullptr, nullptr); }},
      {"C_EncryptUpdate", [=] { return C_EncryptUpdate(session, nullptr, 0, nullptr, nullptr); }},
      {"C_EncryptFinal", [=] { return C_EncryptFinal(session, nullptr, nullptr); }},
      {"C_DecryptInit", [=] { return C_DecryptInit(session, nullptr, 0); }},
      {"C_Decrypt", [=] { return C_Decrypt(session, nullptr, 0, nullptr, nullptr); }},
      {"C_DecryptUpdate", [=] { return C_DecryptUpdate(session, nullptr, 0, nullptr, nullptr); }},
      {"C_DecryptFinal", [=] { return C_DecryptFinal(session, nullptr, nullptr); }},
      {"C_DigestInit", [=] { return C_DigestInit(session, nullptr); }},
      {"C_Digest", [=] { return C_Digest(session, nullptr, 0, nullptr, nullptr); }},
      {"C_DigestUpdate", [=] { return C_DigestUpdate(session, nullptr, 0); }},
      {"C_DigestKey", [=] { return C_DigestKey(session, 0); }},
      {"C_DigestFinal", [=] { return C_DigestFinal(session, nullptr, nullptr); }},
      {"C_SignInit", [=] { return C_SignInit(session, nullptr, 0); }},
      {"C_Sign", [=] { return C_Sign(session, nullptr, 0, nullptr, nullptr); }},
      {"C_SignUpdate", [=] { return C_SignUpdate(session, nullptr, 0); }},
      {"C_SignFinal", [=] { return C_SignFinal(session, nullptr, nullptr); }},
      {"C_SignRecoverInit", [=] { return C_SignRecoverInit(session, nullptr, 0); }},
      {"C_SignRecover", [=] { return C_SignRecover(session, nullptr, 0, nullptr, nullptr); }},
      {"C_VerifyInit", [=] { return C_VerifyInit(session, nullptr, 0); }},
      {"C_Verify", [=] { return C_Verify(session, nullptr, 0, nullptr, 0); }},
      {"C_VerifyUpdate", [=] { return C_VerifyUpdate(session, nullptr, 0); }},
      {"C_VerifyFinal", [=] { return C_VerifyFinal(session, nullptr, 0); }},
      {"C_VerifyRecoverInit", [=] { return C_VerifyRecoverInit(session, nullptr, 0); }},
      {"C_VerifyRecover", [=] { return C_VerifyRecover(session, nullptr, 0, nullptr, nullptr); }},
      {"C_DigestEncryptUpdate",
       [=] { return C_DigestEncryptUpdate(session, nullptr, 0, nullptr, nullptr); }},
      {"C_DecryptDigestUpdate",
       [=] { return C_DecryptDigestUpdate(session, nullptr, 0, nullptr, nullptr); }},
      {"C_SignEncryptUpdate",
       [=] { return C_SignEncryptUpdate(session, nullptr, 0, nullptr, nullptr); }},
      {"C_DecryptVerifyUpdate",
       [=] { return C_DecryptVerifyUpdate(session, nullptr, 0, nullptr, nullptr); }},
      {"C_GenerateKey", [=] { return C_GenerateKey(session, nullptr, nullptr, 0, nullptr); }},
      {"C_GenerateKeyPair",
       [=] {
         return C_GenerateKeyPair(session, nullptr, nullptr, 0, nullptr, 0, nullptr, nullptr);
       }},
      {"C_WrapKey", [=] { return C_WrapKey(session, nullptr, 0, 0, nullptr, nullptr); }},
      {"C_UnwrapKey",
       [=] { return C_UnwrapKey(session, nullptr, 0, nullptr, 0, nullptr, 0, nullptr); }},
      {"C_DeriveKey", [=] { return C_DeriveKey(session, nullptr, 0, nullptr, 0, nullptr); }},
      {"C_SeedRandom", [=] { return C_SeedRandom(session, nullptr, 0); }},
      {"C_GenerateRandom", [=] { return C_GenerateRandom(session, nullptr, 0); }},
      {"C_GetFunctionStatus", [=] { return C_GetFunctionStatus(session); }},
      {"C_CancelFunction", [=] { return C_CancelFunction(session); }},
      {"C_LoginUser", [=] { return C_LoginUser(session, 0, nullptr, 0, nullptr, 0); }},
      {"C_SessionCancel", [=] { return C_SessionCancel(session, 0); }},
      {"C_MessageEncryptInit", [=] { return C_MessageEncryptInit(session, nullptr, 0); }},
      {"C_EncryptMessage",
       [=] {
         return C_EncryptMessage(session, nullptr, 0, nullptr, 0, nullptr, 0, nullptr, nullptr);
       }},
      {"C_EncryptMessageBegin",
       [=] { return C_EncryptMessageBegin(session, nullptr, 0, nullptr, 0); }},
      {"C_EncryptMessageNext",
       [=] { return C_EncryptMessageNext(session, nullptr, 0, nullptr, 0, nullptr, nullptr, 0); }},
      {"C_MessageEncryptFinal", [=] { return C_MessageEncryptFinal(session); }},
      {"C_MessageDecryptInit", [=] { return C_MessageDecryptInit(session, nullptr, 0); }},
      {"C_DecryptMessage",
       [=] {
         return C_DecryptMessage(session, nullptr, 0, nullptr, 0, nullptr, 0, nullptr, nullptr);
       }},
      {"C_DecryptMessageBegin",
       [=] { return C_DecryptMessageBegin(session, nullptr, 0, nullptr, 0); }},
      {"C_DecryptMessageNext",
       [=] { return C_DecryptMessageNext(session, nullptr, 0, nullptr, 0, nullptr, nullptr, 0); }},
      {"C_MessageDecryptFinal", [=] { return C_MessageDecryptFinal(session); }},
      {"C_MessageSignInit", [=] { return C_MessageSignInit(session, nullptr, 0); }},
      {"C_SignMessage",
       [=] { return C_SignMessage(session, nullptr, 0, nullptr, 0, nullptr, nullptr); }},
      {"C_SignMessageBegin", [=] { return C_SignMessageBegin(session, nullptr, 0); }},
      {"C_SignMessageNext",
       [=] { return C_SignMessageNext(session, nullptr, 0, nullptr, 0, nullptr, nullptr); }},
      {"C_MessageSignFinal", [=] { return C_MessageSignFinal(session); }},
      {"C_MessageVerifyInit", [=] { return C_MessageVerifyInit(session, nullptr, 0); }},
      {"C_VerifyMessage",
       [=] { return C_VerifyMessage(session, nullptr, 0, nullptr, 0, nullptr, 0); }},
      {"C_VerifyMessageBegin", [=] { return C_VerifyMessageBegin(session, nullptr, 0); }},
      {"C_VerifyMessageNext",
       [=] { return C_VerifyMessageNext(session, nullptr, 0, nullptr, 0, nullptr, 0); }},
      {"C_MessageVerifyFinal", [=] { return C_MessageVerifyFinal(session); }},
      {"C_EncapsulateKey",
       [=] {
         return C_EncapsulateKey(session, nullptr, 0, nullptr, 0, nullptr, nullptr, nullptr);
       }},
      {"C_DecapsulateKey",
       [=] { return C_DecapsulateKey(session, nullptr, 0, nullptr, 0, nullptr, 0, nullptr); }},
      {"C_VerifySignatureInit",
       [=] { return C_VerifySignatureInit(session, nullptr, 0, nullptr, 0); }},
      {"C_VerifySignature", [=] { return C_VerifySignature(session, nullptr, 0); }},
      {"C_VerifySignatureUpdate", [=] { return C_VerifySignatureUpdate(session, nullptr, 0); }},
      {"C_VerifySignatureFinal", [=] { return C_VerifySignatureFinal(session); }},
      {"C_GetSessionValidationFlags",
       [=] { return C_GetSessionValidationFlags(session, 0, nullptr); }},
      {"C_AsyncComplete", [=] { return C_AsyncComplete(session, nullptr, nullptr); }},
      {"C_AsyncGetID", [=] { return C_AsyncGetID(session, nullptr, nullptr); }},
      {"C_AsyncJoin", [=] { return C_AsyncJoin(session, nullptr, 0, nullptr, 0); }},
      {"C_WrapKeyAuthenticated",
       [=] {
         return C_WrapKeyAuthenticated(session, nullptr, 0, 0, nullptr, 0, nullptr, nullptr);
       }},
      {"C_UnwrapKeyAuthenticated",
       [=] {
         return C_UnwrapKeyAuthenticated(session, nullptr, 0, nullptr, 0, nullptr, 0, nullptr, 0,
                                         nullptr);
       }},
  };
}

}  // namespace kilt::test
