// Erasing and personalising a Kaztoken (kaztoken sheet, section 12).
#pragma once

#include "drivers/kaztoken/files.h"
#include "drivers/kaztoken/pins.h"
#include "drivers/token.h"

namespace kilt::kaztoken {

/// What stands in TokenInfo of a fresh token.
struct TokenNames {
  std::string manufacturer;
  std::string application;  ///< EF.DIR's label
  Bytes serial;
};

/// Erases the token and sets it up in OpenSC's layout. Unless the request says otherwise, an
/// initialised token is erased only after its SO PIN was verified (design decision 19). Without a
/// user PIN in the request, the PIN object gets a random value that is kept nowhere, for the SO to
/// replace; TokenInfo says so. Throws WrongPin, PinBlocked, PinLength (nothing is erased then).
void format(apdu::Card& card, Files& files, Pins& pins, const TokenNames& names,
            const FormatRequest& request);

/// The SO has set the user PIN: takes the remark out of TokenInfo.
void user_pin_set(Files& files);

}  // namespace kilt::kaztoken
