// A PKCS#11 module that answers whatever bytes say: counts, lengths, types, return values. It never
// writes beyond the buffers it is given; everything else about it is a lie.
#pragma once

#include <algorithm>
#include <cstring>

#include "drivers/delegate/module.h"
#include "tests/support/fuzz_card.h"

namespace kilt::test {

/// Where the present lies come from; set before the module is called.
inline FuzzInput*& lies() {
  static FuzzInput* input = nullptr;
  return input;
}

namespace lying {

inline CK_RV rv() {
  const Byte byte = lies()->byte();
  if (byte < 224) return CKR_OK;
  constexpr CK_RV kSome[]{CKR_GENERAL_ERROR,       CKR_USER_NOT_LOGGED_IN,
                          CKR_PIN_INCORRECT,       CKR_SESSION_HANDLE_INVALID,
                          CKR_DEVICE_REMOVED,      CKR_BUFFER_TOO_SMALL,
                          CKR_ATTRIBUTE_SENSITIVE, ~0UL};
  return kSome[byte % 8];
}
inline CK_ULONG number() {
  switch (const Byte byte = lies()->byte()) {
    case 255:
      return ~0UL;
    case 254:
      return ~0UL / 4 + 1;
    case 253:
      return 1UL << 31;
    case 252:
      return 65536;
    default:
      return byte;
  }
}
inline void fill(void* target, std::size_t size) {
  const BytesView block = lies()->block();
  std::memset(target, 0, size);
  std::memcpy(target, block.data(), std::min(size, block.size()));
}
/// The convention for bytes, its lengths made up.
inline CK_RV give(CK_BYTE* target, CK_ULONG* size) {
  const CK_ULONG room = *size;
  *size = number();
  if (target != nullptr) fill(target, std::min<std::size_t>(room, 64));
  return rv();
}
template <typename T>
CK_RV give_list(T* list, CK_ULONG* count) {
  const CK_ULONG room = *count;
  *count = number();
  if (list != nullptr)
    for (CK_ULONG i = 0; i < std::min<CK_ULONG>(room, 64); ++i) list[i] = number();
  return rv();
}

inline CK_RV slot_list(unsigned char, CK_SLOT_ID* list, CK_ULONG* count) {
  return give_list(list, count);
}
inline CK_RV slot_info(CK_SLOT_ID, CK_SLOT_INFO* info) {
  fill(info, sizeof *info);
  return rv();
}
inline CK_RV token_info(CK_SLOT_ID, CK_TOKEN_INFO* info) {
  fill(info, sizeof *info);
  return rv();
}
inline CK_RV mechanisms(CK_SLOT_ID, CK_MECHANISM_TYPE* list, CK_ULONG* count) {
  return give_list(list, count);
}
inline CK_RV mechanism(CK_SLOT_ID, CK_MECHANISM_TYPE, CK_MECHANISM_INFO* info) {
  *info = {number(), number(), number() | (number() << 8)};
  return rv();
}
inline CK_RV open(CK_SLOT_ID, CK_FLAGS, void*, CK_NOTIFY, CK_SESSION_HANDLE* session) {
  *session = number();
  return rv();
}
inline CK_RV close(CK_SESSION_HANDLE) { return rv(); }
inline CK_RV login(CK_SESSION_HANDLE, CK_USER_TYPE, unsigned char*, CK_ULONG) { return rv(); }
inline CK_RV find_init(CK_SESSION_HANDLE, CK_ATTRIBUTE*, CK_ULONG) { return rv(); }
inline CK_RV find(CK_SESSION_HANDLE, CK_OBJECT_HANDLE* list, CK_ULONG, CK_ULONG* count) {
  *count = number();
  for (CK_ULONG i = 0; i < 64; ++i) list[i] = number();
  return rv();
}
inline CK_RV attributes(CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE* list, CK_ULONG count) {
  for (CK_ULONG i = 0; i < count; ++i) {
    const CK_ULONG room = list[i].ulValueLen;
    list[i].ulValueLen = number();
    if (list[i].pValue != nullptr) fill(list[i].pValue, std::min<std::size_t>(room, 65536));
  }
  return rv();
}
inline CK_RV init(CK_SESSION_HANDLE, CK_MECHANISM*, CK_OBJECT_HANDLE) { return rv(); }
inline CK_RV transform(CK_SESSION_HANDLE, unsigned char*, CK_ULONG, unsigned char* out,
                       CK_ULONG* size) {
  return give(out, size);
}
inline CK_RV random(CK_SESSION_HANDLE, unsigned char* out, CK_ULONG size) {
  fill(out, size);
  return rv();
}
inline CK_RV generate(CK_SESSION_HANDLE, CK_MECHANISM*, CK_ATTRIBUTE*, CK_ULONG, CK_ATTRIBUTE*,
                      CK_ULONG, CK_OBJECT_HANDLE* a, CK_OBJECT_HANDLE* b) {
  *a = number();
  *b = number();
  return rv();
}
inline CK_RV create(CK_SESSION_HANDLE, CK_ATTRIBUTE*, CK_ULONG, CK_OBJECT_HANDLE* object) {
  *object = number();
  return rv();
}
inline CK_RV destroy(CK_SESSION_HANDLE, CK_OBJECT_HANDLE) { return rv(); }
inline CK_RV set(CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE*, CK_ULONG) { return rv(); }
inline CK_RV set_pin(CK_SESSION_HANDLE, unsigned char*, CK_ULONG, unsigned char*, CK_ULONG) {
  return rv();
}
inline CK_RV init_pin(CK_SESSION_HANDLE, unsigned char*, CK_ULONG) { return rv(); }
inline CK_RV init_token(CK_SLOT_ID, unsigned char*, CK_ULONG, unsigned char*) { return rv(); }

}  // namespace lying

/// C_DeriveKey and others are left out: absent functions are a lie too.
inline CK_FUNCTION_LIST lying_functions() {
  CK_FUNCTION_LIST list{};
  list.version = {2, 40};
  list.C_GetSlotList = lying::slot_list;
  list.C_GetSlotInfo = lying::slot_info;
  list.C_GetTokenInfo = lying::token_info;
  list.C_GetMechanismList = lying::mechanisms;
  list.C_GetMechanismInfo = lying::mechanism;
  list.C_OpenSession = lying::open;
  list.C_CloseSession = lying::close;
  list.C_Login = lying::login;
  list.C_Logout = lying::close;
  list.C_FindObjectsInit = lying::find_init;
  list.C_FindObjects = lying::find;
  list.C_FindObjectsFinal = lying::close;
  list.C_GetAttributeValue = lying::attributes;
  list.C_SignInit = lying::init;
  list.C_Sign = lying::transform;
  list.C_DecryptInit = lying::init;
  list.C_Decrypt = lying::transform;
  list.C_GenerateRandom = lying::random;
  list.C_GenerateKeyPair = lying::generate;
  list.C_CreateObject = lying::create;
  list.C_DestroyObject = lying::destroy;
  list.C_SetAttributeValue = lying::set;
  list.C_SetPIN = lying::set_pin;
  list.C_InitPIN = lying::init_pin;
  list.C_InitToken = lying::init_token;
  return list;
}

}  // namespace kilt::test
