// What PKCS#11 v3.0, v3.1 and v3.2 added to v2.40, as far as the function tables and this module
// need it: interfaces, 36 functions, profiles, some constants. The layout is the standard's, of the
// OASIS specifications "PKCS #11 Specification Version 3.1" and "Version 3.2". p11-kit's header has
// of this what its release knew: nothing in 0.24, v3.0 with some names left out in 0.25, v3.2 in
// 0.26. What it has is taken, what it lacks is added; the assertions below hold for each.
#pragma once

#include <cstddef>

#include <p11-kit/pkcs11.h>

// NOLINTBEGIN(cppcoreguidelines-macro-usage, modernize-use-using): as the standard's own headers

// Of v3.0, forgotten in p11-kit 0.25.
#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 0x00000004UL
#endif
#ifndef CKR_OPERATION_CANCEL_FAILED
#define CKR_OPERATION_CANCEL_FAILED 0x00000202UL
#endif

#if CRYPTOKI_VERSION_MAJOR < 3

// General data types v3.0 (3.6): how an application asks for a table of functions. The name is
// char, not CK_UTF8CHAR, in p11-kit's header, and so here.
struct CK_INTERFACE {
  char* pInterfaceName;
  void* pFunctionList;
  CK_FLAGS flags;
};
/// After fork() a child may go on with copies of the parent's sessions.
#define CKF_INTERFACE_FORK_SAFE 0x00000001UL

typedef CK_ULONG CK_PROFILE_ID;

#define CKO_PROFILE 0x00000009UL
#define CKA_PROFILE_ID 0x00000601UL

#define CKP_INVALID_ID 0x00000000UL
#define CKP_BASELINE_PROVIDER 0x00000001UL
#define CKP_EXTENDED_PROVIDER 0x00000002UL
#define CKP_AUTHENTICATION_TOKEN 0x00000003UL
#define CKP_PUBLIC_CERTIFICATES_TOKEN 0x00000004UL

#define CKF_MESSAGE_ENCRYPT 0x00000002UL
#define CKF_MESSAGE_DECRYPT 0x00000004UL
#define CKF_MESSAGE_SIGN 0x00000008UL
#define CKF_MESSAGE_VERIFY 0x00000010UL
#define CKF_MULTI_MESSAGE 0x00000020UL
#define CKF_FIND_OBJECTS 0x00000040UL

extern "C" {
CK_RV C_GetInterfaceList(CK_INTERFACE* interfaces, CK_ULONG* count);
CK_RV C_GetInterface(CK_UTF8CHAR* name, CK_VERSION* version, CK_INTERFACE** interface,
                     CK_FLAGS flags);
CK_RV C_LoginUser(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR* pin, CK_ULONG pin_len,
                  CK_UTF8CHAR* user_name, CK_ULONG user_name_len);
CK_RV C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags);
CK_RV C_MessageEncryptInit(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                           CK_OBJECT_HANDLE key);
CK_RV C_EncryptMessage(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len,
                       CK_BYTE* associated, CK_ULONG associated_len, CK_BYTE* plain,
                       CK_ULONG plain_len, CK_BYTE* encrypted, CK_ULONG* encrypted_len);
CK_RV C_EncryptMessageBegin(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len,
                            CK_BYTE* associated, CK_ULONG associated_len);
CK_RV C_EncryptMessageNext(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len,
                           CK_BYTE* plain, CK_ULONG plain_len, CK_BYTE* encrypted,
                           CK_ULONG* encrypted_len, CK_FLAGS flags);
CK_RV C_MessageEncryptFinal(CK_SESSION_HANDLE session);
CK_RV C_MessageDecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                           CK_OBJECT_HANDLE key);
CK_RV C_DecryptMessage(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len,
                       CK_BYTE* associated, CK_ULONG associated_len, CK_BYTE* encrypted,
                       CK_ULONG encrypted_len, CK_BYTE* plain, CK_ULONG* plain_len);
CK_RV C_DecryptMessageBegin(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len,
                            CK_BYTE* associated, CK_ULONG associated_len);
CK_RV C_DecryptMessageNext(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len,
                           CK_BYTE* encrypted, CK_ULONG encrypted_len, CK_BYTE* plain,
                           CK_ULONG* plain_len, CK_FLAGS flags);
CK_RV C_MessageDecryptFinal(CK_SESSION_HANDLE session);
CK_RV C_MessageSignInit(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key);
CK_RV C_SignMessage(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len,
                    CK_BYTE* data, CK_ULONG data_len, CK_BYTE* signature, CK_ULONG* signature_len);
CK_RV C_SignMessageBegin(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len);
CK_RV C_SignMessageNext(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len,
                        CK_BYTE* data, CK_ULONG data_len, CK_BYTE* signature,
                        CK_ULONG* signature_len);
CK_RV C_MessageSignFinal(CK_SESSION_HANDLE session);
CK_RV C_MessageVerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key);
CK_RV C_VerifyMessage(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len,
                      CK_BYTE* data, CK_ULONG data_len, CK_BYTE* signature, CK_ULONG signature_len);
CK_RV C_VerifyMessageBegin(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len);
CK_RV C_VerifyMessageNext(CK_SESSION_HANDLE session, void* parameter, CK_ULONG parameter_len,
                          CK_BYTE* data, CK_ULONG data_len, CK_BYTE* signature,
                          CK_ULONG signature_len);
CK_RV C_MessageVerifyFinal(CK_SESSION_HANDLE session);
}

/// The table of v2.40 and the functions of v3.0 (v3.1 added none), in the standard's order.
struct CK_FUNCTION_LIST_3_0 : CK_FUNCTION_LIST {
  decltype(&::C_GetInterfaceList) C_GetInterfaceList;
  decltype(&::C_GetInterface) C_GetInterface;
  decltype(&::C_LoginUser) C_LoginUser;
  decltype(&::C_SessionCancel) C_SessionCancel;
  decltype(&::C_MessageEncryptInit) C_MessageEncryptInit;
  decltype(&::C_EncryptMessage) C_EncryptMessage;
  decltype(&::C_EncryptMessageBegin) C_EncryptMessageBegin;
  decltype(&::C_EncryptMessageNext) C_EncryptMessageNext;
  decltype(&::C_MessageEncryptFinal) C_MessageEncryptFinal;
  decltype(&::C_MessageDecryptInit) C_MessageDecryptInit;
  decltype(&::C_DecryptMessage) C_DecryptMessage;
  decltype(&::C_DecryptMessageBegin) C_DecryptMessageBegin;
  decltype(&::C_DecryptMessageNext) C_DecryptMessageNext;
  decltype(&::C_MessageDecryptFinal) C_MessageDecryptFinal;
  decltype(&::C_MessageSignInit) C_MessageSignInit;
  decltype(&::C_SignMessage) C_SignMessage;
  decltype(&::C_SignMessageBegin) C_SignMessageBegin;
  decltype(&::C_SignMessageNext) C_SignMessageNext;
  decltype(&::C_MessageSignFinal) C_MessageSignFinal;
  decltype(&::C_MessageVerifyInit) C_MessageVerifyInit;
  decltype(&::C_VerifyMessage) C_VerifyMessage;
  decltype(&::C_VerifyMessageBegin) C_VerifyMessageBegin;
  decltype(&::C_VerifyMessageNext) C_VerifyMessageNext;
  decltype(&::C_MessageVerifyFinal) C_MessageVerifyFinal;
};

#endif  // CRYPTOKI_VERSION_MAJOR < 3

#if CRYPTOKI_VERSION_MAJOR < 3 || (CRYPTOKI_VERSION_MAJOR == 3 && CRYPTOKI_VERSION_MINOR < 2)

/// The result of an operation that went on by itself (v3.2).
struct CK_ASYNC_DATA {
  CK_ULONG ulVersion;
  CK_BYTE* pValue;
  CK_ULONG ulValue;
  CK_OBJECT_HANDLE hObject;
  CK_OBJECT_HANDLE hAdditionalObject;
};
typedef CK_ULONG CK_SESSION_VALIDATION_FLAGS_TYPE;
#define CKS_LAST_VALIDATION_OK 0x00000001UL

#define CKF_ASYNC_SESSION 0x00000008UL
#define CKR_SESSION_ASYNC_NOT_SUPPORTED 0x00000205UL

extern "C" {
CK_RV C_EncapsulateKey(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                       CK_OBJECT_HANDLE public_key, CK_ATTRIBUTE* attributes, CK_ULONG count,
                       CK_BYTE* encapsulated, CK_ULONG* encapsulated_len, CK_OBJECT_HANDLE* key);
CK_RV C_DecapsulateKey(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                       CK_OBJECT_HANDLE private_key, CK_ATTRIBUTE* attributes, CK_ULONG count,
                       CK_BYTE* encapsulated, CK_ULONG encapsulated_len, CK_OBJECT_HANDLE* key);
CK_RV C_VerifySignatureInit(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                            CK_OBJECT_HANDLE key, CK_BYTE* signature, CK_ULONG signature_len);
CK_RV C_VerifySignature(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG data_len);
CK_RV C_VerifySignatureUpdate(CK_SESSION_HANDLE session, CK_BYTE* part, CK_ULONG part_len);
CK_RV C_VerifySignatureFinal(CK_SESSION_HANDLE session);
CK_RV C_GetSessionValidationFlags(CK_SESSION_HANDLE session, CK_SESSION_VALIDATION_FLAGS_TYPE type,
                                  CK_FLAGS* flags);
CK_RV C_AsyncComplete(CK_SESSION_HANDLE session, CK_UTF8CHAR* function, CK_ASYNC_DATA* result);
CK_RV C_AsyncGetID(CK_SESSION_HANDLE session, CK_UTF8CHAR* function, CK_ULONG* id);
CK_RV C_AsyncJoin(CK_SESSION_HANDLE session, CK_UTF8CHAR* function, CK_ULONG id, CK_BYTE* data,
                  CK_ULONG data_len);
CK_RV C_WrapKeyAuthenticated(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                             CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
                             CK_BYTE* associated, CK_ULONG associated_len, CK_BYTE* wrapped,
                             CK_ULONG* wrapped_len);
CK_RV C_UnwrapKeyAuthenticated(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                               CK_OBJECT_HANDLE unwrapping_key, CK_BYTE* wrapped,
                               CK_ULONG wrapped_len, CK_ATTRIBUTE* attributes, CK_ULONG count,
                               CK_BYTE* associated, CK_ULONG associated_len, CK_OBJECT_HANDLE* key);
}

struct CK_FUNCTION_LIST_3_2 : CK_FUNCTION_LIST_3_0 {
  decltype(&::C_EncapsulateKey) C_EncapsulateKey;
  decltype(&::C_DecapsulateKey) C_DecapsulateKey;
  decltype(&::C_VerifySignatureInit) C_VerifySignatureInit;
  decltype(&::C_VerifySignature) C_VerifySignature;
  decltype(&::C_VerifySignatureUpdate) C_VerifySignatureUpdate;
  decltype(&::C_VerifySignatureFinal) C_VerifySignatureFinal;
  decltype(&::C_GetSessionValidationFlags) C_GetSessionValidationFlags;
  decltype(&::C_AsyncComplete) C_AsyncComplete;
  decltype(&::C_AsyncGetID) C_AsyncGetID;
  decltype(&::C_AsyncJoin) C_AsyncJoin;
  decltype(&::C_WrapKeyAuthenticated) C_WrapKeyAuthenticated;
  decltype(&::C_UnwrapKeyAuthenticated) C_UnwrapKeyAuthenticated;
};

#endif  // before v3.2

// What an application's own header has at the same place, whatever ours is.
namespace kilt::p11::layout {

/// The place of the Nth pointer of a structure that has nothing else.
constexpr std::size_t word(std::size_t n) { return n * sizeof(void*); }

// A version, then nothing but pointers: 68, 92 and 104 of them.
static_assert(sizeof(CK_FUNCTION_LIST) == word(69));
static_assert(sizeof(CK_FUNCTION_LIST_3_0) == word(93));
static_assert(sizeof(CK_FUNCTION_LIST_3_2) == word(105));

using List2 = CK_FUNCTION_LIST;
static_assert(offsetof(List2, version) == 0 && offsetof(List2, C_Initialize) == word(1) &&
              offsetof(List2, C_GetFunctionList) == word(4) &&
              offsetof(List2, C_Login) == word(19) && offsetof(List2, C_SignInit) == word(43) &&
              offsetof(List2, C_WaitForSlotEvent) == word(68));

// offsetof is for standard-layout types; a table that is derived from the shorter one is none, and
// every compiler that builds us has it all the same.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
using List3 = CK_FUNCTION_LIST_3_0;
static_assert(offsetof(List3, C_Initialize) == word(1) &&
              offsetof(List3, C_WaitForSlotEvent) == word(68) &&
              offsetof(List3, C_GetInterfaceList) == word(69) &&
              offsetof(List3, C_LoginUser) == word(71) &&
              offsetof(List3, C_MessageEncryptInit) == word(73) &&
              offsetof(List3, C_MessageSignInit) == word(83) &&
              offsetof(List3, C_MessageVerifyFinal) == word(92));
using List32 = CK_FUNCTION_LIST_3_2;
static_assert(offsetof(List32, C_Initialize) == word(1) &&
              offsetof(List32, C_MessageVerifyFinal) == word(92) &&
              offsetof(List32, C_EncapsulateKey) == word(93) &&
              offsetof(List32, C_VerifySignatureInit) == word(95) &&
              offsetof(List32, C_GetSessionValidationFlags) == word(99) &&
              offsetof(List32, C_AsyncComplete) == word(100) &&
              offsetof(List32, C_WrapKeyAuthenticated) == word(103) &&
              offsetof(List32, C_UnwrapKeyAuthenticated) == word(104));
#pragma GCC diagnostic pop

// CK_ULONG has the size of a pointer on every system that this builds for.
static_assert(sizeof(CK_ULONG) == sizeof(void*));
static_assert(sizeof(CK_INTERFACE) == word(3) && offsetof(CK_INTERFACE, pInterfaceName) == 0 &&
              offsetof(CK_INTERFACE, pFunctionList) == word(1) &&
              offsetof(CK_INTERFACE, flags) == word(2));
// Between pValue and hObject is its length, which headers call by different names.
static_assert(sizeof(CK_ASYNC_DATA) == word(5) && offsetof(CK_ASYNC_DATA, ulVersion) == 0 &&
              offsetof(CK_ASYNC_DATA, pValue) == word(1) &&
              offsetof(CK_ASYNC_DATA, hObject) == word(3) &&
              offsetof(CK_ASYNC_DATA, hAdditionalObject) == word(4));

static_assert(CKO_PROFILE == 9 && CKA_UNIQUE_ID == 4 && CKA_PROFILE_ID == 0x601 &&
              CKF_INTERFACE_FORK_SAFE == 1 && CKF_FIND_OBJECTS == 0x40 && CKF_ASYNC_SESSION == 8 &&
              CKP_PUBLIC_CERTIFICATES_TOKEN == 4 && CKR_OPERATION_CANCEL_FAILED == 0x202 &&
              CKR_SESSION_ASYNC_NOT_SUPPORTED == 0x205);

}  // namespace kilt::p11::layout

// NOLINTEND(cppcoreguidelines-macro-usage, modernize-use-using)
