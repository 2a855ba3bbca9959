// Erasing and personalising a token with the Laser applet, as Aladdin's software does it (sheet,
// sections 5.3, 8.1, 9 and 10). No format of a real token is public.
#pragma once

#include <string>

#include "drivers/jacarta/files.h"
#include "drivers/jacarta/pins.h"
#include "drivers/token.h"

namespace kilt::jacarta {

/// What stands in the description of a fresh token.
struct TokenNames {
  std::string manufacturer, model;
  Bytes serial;  ///< 8 bytes
};

/// Erases what is there, after the SO PIN was verified, and makes everything anew. A token without
/// an SO PIN is blank: its top level must be open, if need be by a transport PIN. Throws WrongPin,
/// PinBlocked, PinLength (nothing is erased then), NotSupported with the reason where the token's
/// own rules stand against it.
void format(Files& files, Pins& pins, const TokenNames& names, const FormatRequest& request);

/// The SO sets the user PIN for the first time: the PIN object is made anew with its final policy,
/// and the token's description says so.
void set_first_user_pin(Files& files, const SecureBytes& pin);

}  // namespace kilt::jacarta
