// The one template every C_ function goes through (design decision 2): initialised?, session or
// slot lookup, the lock of that slot only, exceptions to CK_RV, a trace line without secrets.
// No exception, and no lock, leaves it.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <mutex>

#include "pkcs11/lifecycle.h"

namespace kilt::p11 {

/// Refuses calls that come back into the module from within one of its own calls (OpenSSL loading
/// an engine that loads us, a module behind us that has us behind it).
class ReentryGuard {
 public:
  ReentryGuard() noexcept : outermost_(depth()++ == 0) {}
  ReentryGuard(const ReentryGuard&) = delete;
  ReentryGuard& operator=(const ReentryGuard&) = delete;
  ~ReentryGuard() { --depth(); }
  [[nodiscard]] bool outermost() const noexcept { return outermost_; }

 private:
  static int& depth() noexcept {
    thread_local int calls = 0;
    return calls;
  }
  bool outermost_;
};

/// Writes the trace line of one call.
void trace_call(const char* name, CK_RV rv, const std::string& why,
                std::chrono::steady_clock::time_point start) noexcept;

/// Any state of the library: C_Initialize, C_GetFunctionList.
template <typename Work>
CK_RV entry_any(const char* name, Work work) noexcept {
  const auto start = std::chrono::steady_clock::now();
  std::string why;
  CK_RV rv = CKR_OK;
  try {
    const ReentryGuard guard;
    refuse_if(!guard.outermost(), CKR_FUNCTION_FAILED);
    work();
  } catch (...) {
    rv = to_rv(std::current_exception(), why);
  }
  trace_call(name, rv, why, start);
  return rv;
}

/// The library must be initialised.
template <typename Work>
CK_RV entry(const char* name, Work work) noexcept {
  return entry_any(name, [&] { work(*current_module()); });
}

/// Does the work and, if it is refused, keeps the reason for the token status object. The slot's
/// lock is held.
template <typename Work>
void noting_refusals(Slot& slot, Work work) {
  try {
    work();
  } catch (const Refusal& refusal) {
    if (refusal.explained()) slot.objects().note_reason(refusal.what());
    throw;
  } catch (const Error& error) {
    slot.objects().note_reason(error.what());
    throw;
  }
}

/// The slot must exist; its lock is held.
template <typename Work>
CK_RV slot_entry(const char* name, CK_SLOT_ID id, Work work) noexcept {
  return entry(name, [&](Module& module) {
    const std::shared_ptr<Slot> slot = module.slot(id);
    const std::lock_guard lock(slot->mutex());
    noting_refusals(*slot, [&] { work(module, slot); });
  });
}

/// The session must be open and its card still there; its slot's lock is held.
template <typename Work>
CK_RV session_entry(const char* name, CK_SESSION_HANDLE handle, Work work) noexcept {
  return entry(name, [&](Module& module) {
    const std::shared_ptr<Session> session = module.session(handle);
    const std::lock_guard lock(session->slot().mutex());
    if (!session->alive()) {
      module.forget_session(handle);
      throw Refusal(CKR_SESSION_HANDLE_INVALID);
    }
    noting_refusals(session->slot(), [&] { work(*session); });
  });
}

/// A pointer the application must give.
template <typename T>
void need_pointer(const T* pointer) {
  refuse_if(pointer == nullptr, CKR_ARGUMENTS_BAD);
}

/// The most bytes that a caller can mean: fewer than the address space of any host has.
inline constexpr CK_ULONG kMaxInput =
    (CK_ULONG{1} << std::min(48, std::numeric_limits<CK_ULONG>::digits - 1)) - 1;

/// Bytes the application gave; NULL is fine only with length 0, absurd lengths are refused.
inline BytesView input_bytes(const CK_BYTE* data, CK_ULONG length) {
  refuse_if(data == nullptr && length != 0, CKR_ARGUMENTS_BAD);
  refuse_if(length > kMaxInput, CKR_ARGUMENTS_BAD);
  return {data, length};
}

/// The convention for returning bytes (PKCS#11 v2.40 base, 5.2): NULL asks for the size, a short
/// buffer gets CKR_BUFFER_TOO_SMALL and the size. True: the caller may write `size` bytes.
[[nodiscard]] inline bool room_for(std::size_t size, const CK_BYTE* buffer, CK_ULONG* length) {
  need_pointer(length);
  const CK_ULONG room = *length;
  *length = size;
  if (buffer == nullptr) return false;
  refuse_if(room < size, CKR_BUFFER_TOO_SMALL);
  return true;
}

}  // namespace kilt::p11
