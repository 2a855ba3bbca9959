// Functions that no token served here can do: each refuses with the code that the standard names
// for "this library does not have it", after the checks every function makes.
#include "pkcs11/entry.h"

using namespace kilt::p11;

namespace {

CK_RV refuse(const char* name, CK_SESSION_HANDLE session) {
  return session_entry(name, session, [](Session&) { throw Refusal(CKR_FUNCTION_NOT_SUPPORTED); });
}

}  // namespace

CK_RV C_SignRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE) {
  return refuse(__func__, session);
}
CK_RV C_SignRecover(CK_SESSION_HANDLE session, CK_BYTE*, CK_ULONG, CK_BYTE*, CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_VerifyRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM*, CK_OBJECT_HANDLE) {
  return refuse(__func__, session);
}
CK_RV C_VerifyRecover(CK_SESSION_HANDLE session, CK_BYTE*, CK_ULONG, CK_BYTE*, CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_DigestEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE*, CK_ULONG, CK_BYTE*, CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_DecryptDigestUpdate(CK_SESSION_HANDLE session, CK_BYTE*, CK_ULONG, CK_BYTE*, CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_SignEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE*, CK_ULONG, CK_BYTE*, CK_ULONG*) {
  return refuse(__func__, session);
}
CK_RV C_DecryptVerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE*, CK_ULONG, CK_BYTE*, CK_ULONG*) {
  return refuse(__func__, session);
}
