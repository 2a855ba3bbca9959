// PINs as an application passes them.
#pragma once

#include "drivers/pin_input.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/rv.h"

namespace kilt::p11 {

/// Copies a PIN that must be given. Throws Refusal(CKR_ARGUMENTS_BAD) for NULL, PinLength for an
/// empty or absurdly long one: such a PIN never reaches the token.
[[nodiscard]] inline PinInput read_typed_pin(const CK_UTF8CHAR* pin, CK_ULONG length) {
  constexpr CK_ULONG kMaxPin = 255;  // one short APDU
  refuse_if(pin == nullptr, CKR_ARGUMENTS_BAD);
  if (length > kMaxPin) throw PinLength("the PIN is longer than any token takes");
  return SecureBytes(BytesView(pin, length));
}

/// The same, or the wish to type it at the reader: NULL of length 0
/// (CKF_PROTECTED_AUTHENTICATION_PATH).
[[nodiscard]] inline PinInput read_pin(const CK_UTF8CHAR* pin, CK_ULONG length) {
  return pin == nullptr && length == 0 ? PinInput::at_reader() : read_typed_pin(pin, length);
}

}  // namespace kilt::p11
