// Functions of PKCS#11 v3.0 and v3.2 that no token served here can do: message-based operations
// (their mechanisms are those of secret keys), key encapsulation, asynchronous operations. Each
// refuses with the code that the standard names for "this library does not have it", after the
// checks every function makes.
#include "pkcs11/entry.h"

using namespace kilt::p11;

namespace {

CK_RV refuse(const char* name, CK_SESSION_HANDLE session) {
  return session_entry(name, session, [](Session&) { throw Refusal(CKR_FUNCTION_NOT_SUPPORTED); });
}

}  // namespace

CK_RV C_MessageEncryptInit(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE) {
  return refuse(__func__, session);
}
CK_RV C_EncryptMessage(CK_SESSION_HANDLE session, void*, CK_ULONG, CK_BYTE*, CK_ULONG, CK_BYTE*,
                       CK_ULONG, CK_BYTE*, CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_EncryptMessageBegin(CK_SESSION_HANDLE session, void*, CK_ULONG, CK_BYTE*, CK_ULONG) {
  return refuse(__func__, session);
}
CK_RV C_EncryptMessageNext(CK_SESSION_HANDLE session, void*, CK_ULONG, CK_BYTE*, CK_ULONG, CK_BYTE*,
                           CK_ULONG*, CK_FLAGS) {
  return refuse(__func__, session);
}
CK_RV C_MessageEncryptFinal(CK_SESSION_HANDLE session) { return refuse(__func__, session); }
CK_RV C_MessageDecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE) {
  return refuse(__func__, session);
}
CK_RV C_DecryptMessage(CK_SESSION_HANDLE session, void*, CK_ULONG, CK_BYTE*, CK_ULONG, CK_BYTE*,
                       CK_ULONG, CK_BYTE*, CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_DecryptMessageBegin(CK_SESSION_HANDLE session, void*, CK_ULONG, CK_BYTE*, CK_ULONG) {
  return refuse(__func__, session);
}
CK_RV C_DecryptMessageNext(CK_SESSION_HANDLE session, void*, CK_ULONG, CK_BYTE*, CK_ULONG, CK_BYTE*,
                           CK_ULONG*, CK_FLAGS) {
  return refuse(__func__, session);
}
CK_RV C_MessageDecryptFinal(CK_SESSION_HANDLE session) { return refuse(__func__, session); }
CK_RV C_MessageSignInit(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE) {
  return refuse(__func__, session);
}
CK_RV C_SignMessage(CK_SESSION_HANDLE session, void*, CK_ULONG, CK_BYTE*, CK_ULONG, CK_BYTE*,
                    CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_SignMessageBegin(CK_SESSION_HANDLE session, void*, CK_ULONG) {
  return refuse(__func__, session);
}
CK_RV C_SignMessageNext(CK_SESSION_HANDLE session, void*, CK_ULONG, CK_BYTE*, CK_ULONG, CK_BYTE*,
                        CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_MessageSignFinal(CK_SESSION_HANDLE session) { return refuse(__func__, session); }
CK_RV C_MessageVerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE) {
  return refuse(__func__, session);
}
CK_RV C_VerifyMessage(CK_SESSION_HANDLE session, void*, CK_ULONG, CK_BYTE*, CK_ULONG, CK_BYTE*,
                      CK_ULONG) {
  return refuse(__func__, session);
}
CK_RV C_VerifyMessageBegin(CK_SESSION_HANDLE session, void*, CK_ULONG) {
  return refuse(__func__, session);
}
CK_RV C_VerifyMessageNext(CK_SESSION_HANDLE session, void*, CK_ULONG, CK_BYTE*, CK_ULONG, CK_BYTE*,
                          CK_ULONG) {
  return refuse(__func__, session);
}
CK_RV C_MessageVerifyFinal(CK_SESSION_HANDLE session) { return refuse(__func__, session); }
CK_RV C_EncapsulateKey(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE, CK_ATTRIBUTE*,
                       CK_ULONG, CK_BYTE*, CK_ULONG*, CK_OBJECT_HANDLE*) {
  return refuse(__func__, session);
}
CK_RV C_DecapsulateKey(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE, CK_ATTRIBUTE*,
                       CK_ULONG, CK_BYTE*, CK_ULONG, CK_OBJECT_HANDLE*) {
  return refuse(__func__, session);
}
CK_RV C_VerifySignatureInit(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE, CK_BYTE*,
                            CK_ULONG) {
  return refuse(__func__, session);
}
CK_RV C_VerifySignature(CK_SESSION_HANDLE session, CK_BYTE*, CK_ULONG) {
  return refuse(__func__, session);
}
CK_RV C_VerifySignatureUpdate(CK_SESSION_HANDLE session, CK_BYTE*, CK_ULONG) {
  return refuse(__func__, session);
}
CK_RV C_VerifySignatureFinal(CK_SESSION_HANDLE session) { return refuse(__func__, session); }
CK_RV C_AsyncComplete(CK_SESSION_HANDLE session, CK_UTF8CHAR*, CK_ASYNC_DATA*) {
  return refuse(__func__, session);
}
CK_RV C_AsyncGetID(CK_SESSION_HANDLE session, CK_UTF8CHAR*, CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_AsyncJoin(CK_SESSION_HANDLE session, CK_UTF8CHAR*, CK_ULONG, CK_BYTE*, CK_ULONG) {
  return refuse(__func__, session);
}
CK_RV C_WrapKeyAuthenticated(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE,
                             CK_OBJECT_HANDLE, CK_BYTE*, CK_ULONG, CK_BYTE*, CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_UnwrapKeyAuthenticated(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE, CK_BYTE*,
                               CK_ULONG, CK_ATTRIBUTE*, CK_ULONG, CK_BYTE*, CK_ULONG,
                               CK_OBJECT_HANDLE*) {
  return refuse(__func__, session);
}

CK_RV C_GetSessionValidationFlags(CK_SESSION_HANDLE session, CK_SESSION_VALIDATION_FLAGS_TYPE type,
                                  CK_FLAGS* flags) {
  return session_entry(__func__, session, [&](Session&) {
    refuse_if(flags == nullptr || type != CKS_LAST_VALIDATION_OK, CKR_ARGUMENTS_BAD);
    *flags = 0;  // no token here has a validation object, so no operation was under one
  });
}
