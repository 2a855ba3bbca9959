// PINs as an application passes them.
#pragma once

#include "apdu/bytes.h"
#include "drivers/errors.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/rv.h"

namespace kilt::p11 {

/// The application gives no PIN: it shall be typed at the reader
/// (CKF_PROTECTED_AUTHENTICATION_PATH).
[[nodiscard]] inline bool pin_at_reader(const CK_UTF8CHAR* pin, CK_ULONG length) noexcept {
  return pin == nullptr && length == 0;
}

/// Copies the PIN. Throws Refusal(CKR_ARGUMENTS_BAD) for NULL, PinLength for an empty or absurdly
/// long one: such a PIN never reaches the token.
[[nodiscard]] inline SecureBytes read_pin(const CK_UTF8CHAR* pin, CK_ULONG length) {
  constexpr CK_ULONG kMaxPin = 255;  // one short APDU
  refuse_if(pin == nullptr, CKR_ARGUMENTS_BAD);
  if (length == 0) throw PinLength("an empty PIN is never sent to the token");
  if (length > kMaxPin) throw PinLength("the PIN is longer than any token takes");
  return SecureBytes(BytesView(pin, length));
}

}  // namespace kilt::p11
