// IDPrime: eToken 5110 CC, 940-based 5110, 5110+, 5300, and the bare cards 840, 930, 940.
//
// Knowledge: OpenSC's driver for use of these cards, public logs of the maker's software, open
// programs for cards with the same applet ("IAS Classic v4"). Not public, therefore refused: key
// generation, import, writing certificates, unblocking with the administrator's key,
// initialisation. PIN change follows sister cards of that applet. Nothing here has been tried on
// hardware by this project.
#pragma once

#include <memory>

#include "apdu/card.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt::etoken::idprime {

/// Binds the driver if the card has the applet and its index file is not empty.
[[nodiscard]] std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile);

}  // namespace kilt::etoken::idprime
