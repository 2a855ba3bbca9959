#include "pkcs11/rv.h"

#include <new>

#include <fmt/format.h>

#include "drivers/errors.h"
#include "pkcs11/kilt.h"

namespace kilt::p11 {
namespace {

CK_RV of_pin_entry(PinEntryFailed::Why why) noexcept {
  switch (why) {
    case PinEntryFailed::Why::kMismatch:
      return CKR_PIN_INVALID;
    case PinEntryFailed::Why::kLength:
      return CKR_PIN_LEN_RANGE;
    default:
      return CKR_FUNCTION_CANCELED;
  }
}

CK_RV map(const std::exception& error) noexcept {
  const auto is = [&]<typename T>(const T*) { return dynamic_cast<const T*>(&error) != nullptr; };
#define KILT_RV(type, rv) \
  if (is(static_cast<const type*>(nullptr))) return rv;
  if (const auto* refusal = dynamic_cast<const Refusal*>(&error)) return refusal->rv();
  if (const auto* entry = dynamic_cast<const PinEntryFailed*>(&error))
    return of_pin_entry(entry->why());
  KILT_RV(WrongPin, CKR_PIN_INCORRECT)
  KILT_RV(PinBlocked, CKR_PIN_LOCKED)
  KILT_RV(PinLength, CKR_PIN_LEN_RANGE)
  KILT_RV(PinExpired, CKR_PIN_EXPIRED)
  KILT_RV(PinNotInitialized, CKR_USER_PIN_NOT_INITIALIZED)
  KILT_RV(NotLoggedIn, CKR_USER_NOT_LOGGED_IN)
  KILT_RV(NotSupported, CKR_FUNCTION_NOT_SUPPORTED)
  KILT_RV(TokenNotRecognized, CKR_TOKEN_NOT_RECOGNIZED)
  KILT_RV(ObjectNotFound, CKR_OBJECT_HANDLE_INVALID)
  KILT_RV(TokenFull, CKR_DEVICE_MEMORY)
  KILT_RV(WriteProtected, CKR_TOKEN_WRITE_PROTECTED)
  KILT_RV(InvalidData, CKR_DATA_INVALID)
  KILT_RV(Inconsistent, CKR_TEMPLATE_INCONSISTENT)
  KILT_RV(CardRemoved, CKR_DEVICE_REMOVED)
  KILT_RV(CardReset, CKR_USER_NOT_LOGGED_IN)
  KILT_RV(CardMute, CKR_TOKEN_NOT_RECOGNIZED)
  KILT_RV(ReaderUnavailable, CKR_DEVICE_REMOVED)
  KILT_RV(ReaderBusy, CKR_KILT_READER_BUSY)
  KILT_RV(Error, CKR_DEVICE_ERROR)  // ServiceUnavailable, TransportError, CardFault …
  KILT_RV(std::bad_alloc, CKR_HOST_MEMORY)
#undef KILT_RV
  return CKR_GENERAL_ERROR;
}

}  // namespace

Refusal::Refusal(CK_RV rv, const std::string& why)
    : Error(why.empty() ? fmt::format("refused with 0x{:X}", rv) : why),
      rv_(rv),
      explained_(!why.empty()) {}

CK_RV to_rv(const std::exception_ptr& error, std::string& why) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& caught) {
    try {
      why = caught.what();
    } catch (const std::bad_alloc&) {
      return CKR_HOST_MEMORY;
    }
    return map(caught);
  } catch (...) {
    return CKR_GENERAL_ERROR;
  }
}

}  // namespace kilt::p11
