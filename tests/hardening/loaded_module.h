// The module as a program loads it, for the programs of this folder. What fails ends the program
// with a number that names the place.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <unistd.h>

#include "pkcs11/cryptoki.h"

namespace kilt::test {

inline constexpr std::string_view kPin = "135790";

/// Ends the program with a number that names the place.
inline void need(bool condition, int place) {
  if (!condition) _exit(place);
}

class LoadedModule {
 public:
  explicit LoadedModule(const char* path) : library_(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
    need(library_ != nullptr, 10);
    auto* get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library_, "C_GetFunctionList"));
    need(get != nullptr && get(&functions_) == CKR_OK, 11);
  }
  LoadedModule(const LoadedModule&) = delete;
  LoadedModule& operator=(const LoadedModule&) = delete;
  ~LoadedModule() { dlclose(library_); }
  CK_FUNCTION_LIST* operator->() const { return functions_; }

 private:
  void* library_;
  CK_FUNCTION_LIST* functions_ = nullptr;
};

struct Ready {
  CK_SESSION_HANDLE session = 0;
  CK_OBJECT_HANDLE key = 0, half = 0;
};

inline CK_OBJECT_HANDLE find(LoadedModule& module, CK_SESSION_HANDLE session,
                             CK_OBJECT_CLASS wanted) {
  CK_ATTRIBUTE attribute{CKA_CLASS, &wanted, sizeof wanted};
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 0;
  need(module->C_FindObjectsInit(session, &attribute, 1) == CKR_OK, 20);
  need(module->C_FindObjects(session, &object, 1, &count) == CKR_OK && count == 1, 21);
  need(module->C_FindObjectsFinal(session) == CKR_OK, 22);
  return object;
}

inline CK_RV log_in(LoadedModule& module, CK_SESSION_HANDLE session, std::string_view pin) {
  std::string copy(pin);
  // Cryptoki takes plain bytes; reading a std::string's characters as such is allowed.
  return module->C_Login(session, CKU_USER, reinterpret_cast<CK_UTF8CHAR*>(copy.data()),
                         copy.size());
}

inline Ready prepare(LoadedModule& module) {
  need(module->C_Initialize(nullptr) == CKR_OK, 12);
  CK_ULONG count = 1;
  CK_SLOT_ID slot = 0;
  need(module->C_GetSlotList(CK_TRUE, &slot, &count) == CKR_OK && count == 1, 13);
  Ready ready;
  need(module->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &ready.session) == CKR_OK,
       14);
  need(log_in(module, ready.session, kPin) == CKR_OK, 15);
  ready.key = find(module, ready.session, CKO_PRIVATE_KEY);
  ready.half = find(module, ready.session, CKO_PUBLIC_KEY);
  return ready;
}

inline CK_RV sign(LoadedModule& module, const Ready& ready) {
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  std::array<CK_BYTE, 20> data{1, 2, 3};
  std::array<CK_BYTE, 512> signature{};
  CK_ULONG size = signature.size();
  if (const CK_RV rv = module->C_SignInit(ready.session, &mechanism, ready.key); rv != CKR_OK)
    return rv;
  if (const CK_RV rv =
          module->C_Sign(ready.session, data.data(), data.size(), signature.data(), &size);
      rv != CKR_OK)
    return rv;
  if (const CK_RV rv = module->C_VerifyInit(ready.session, &mechanism, ready.half); rv != CKR_OK)
    return rv;
  return module->C_Verify(ready.session, data.data(), data.size(), signature.data(), size);
}

/// What a program that shares its token counts.
struct Tally {
  unsigned long signatures = 0;  ///< right ones
  unsigned long wrong = 0;       ///< signatures that do not verify
  unsigned long lost = 0;        ///< listings without the key
};

/// One round on an initialised module, whatever state the token is in: session, log_in(session),
/// listing, signature. Result of the first step that failed.
template <typename LogIn>
CK_RV round(LoadedModule& module, CK_SLOT_ID slot, Tally& tally, LogIn log_in) {
  Ready ready;
  CK_RV rv = module->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &ready.session);
  if (rv != CKR_OK) return rv;
  rv = log_in(ready.session);
  const auto look = [&](CK_OBJECT_CLASS wanted, CK_OBJECT_HANDLE& object) {
    CK_ATTRIBUTE attribute{CKA_CLASS, &wanted, sizeof wanted};
    CK_ULONG count = 0;
    if (rv == CKR_OK) rv = module->C_FindObjectsInit(ready.session, &attribute, 1);
    if (rv == CKR_OK) rv = module->C_FindObjects(ready.session, &object, 1, &count);
    if (rv == CKR_OK) rv = module->C_FindObjectsFinal(ready.session);
    if (rv != CKR_OK || count == 1) return;
    // After a reset by another program nobody is logged in, and private objects are not to be seen.
    CK_SESSION_INFO info{};
    rv = module->C_GetSessionInfo(ready.session, &info);
    if (rv == CKR_OK && wanted == CKO_PRIVATE_KEY && info.state == CKS_RO_PUBLIC_SESSION)
      rv = CKR_USER_NOT_LOGGED_IN;
    if (rv == CKR_OK) ++tally.lost;
  };
  look(CKO_PUBLIC_KEY, ready.half);
  look(CKO_PRIVATE_KEY, ready.key);
  const bool signs = rv == CKR_OK && ready.key != 0;
  if (signs) rv = sign(module, ready);
  if (signs && rv == CKR_OK) ++tally.signatures;
  if (rv == CKR_SIGNATURE_INVALID) ++tally.wrong;
  module->C_CloseSession(ready.session);
  return rv;
}

}  // namespace kilt::test
