// eToken PRO 32K and 64K: CardOS M4.0 and 4.2B, formatted by OpenSC (PKCS#15) or by Aladdin's own
// software.
//
// Knowledge: OpenSC's driver and profile for CardOS, an open boot driver for Aladdin's layout. In
// the latter only the key number 3 is public, and nothing that writes. In the former all is built,
// as OpenSC does it, for CardOS 4.2; whether the SO may replace a PIN and the user a key that
// exists is read both ways. Nothing here has been tried on hardware by this project.
#pragma once

#include <memory>

#include "apdu/card.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt::etoken::cardos {

/// Binds the driver if the card has the version that its ATR says: one GET DATA.
[[nodiscard]] std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile);

}  // namespace kilt::etoken::cardos
