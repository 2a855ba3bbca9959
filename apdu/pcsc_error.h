// PC/SC return codes as exceptions.
#pragma once

#include <winscard.h>

#include "apdu/errors.h"

namespace kilt::apdu {

/// Throws the error that `code` stands for. `what` names the call for the message.
[[noreturn]] void throw_pcsc(const char* what, LONG code);

/// Does nothing for SCARD_S_SUCCESS, else throws as throw_pcsc.
inline void check_pcsc(const char* what, LONG code) {
  if (code != SCARD_S_SUCCESS) throw_pcsc(what, code);
}

/// The context is gone (pcscd stopped or restarted): a new one may help.
[[nodiscard]] bool context_lost(LONG code) noexcept;

}  // namespace kilt::apdu
