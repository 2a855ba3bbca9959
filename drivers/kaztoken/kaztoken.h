// Kaztoken, and the Rutoken ECP whose platform it shares.
//
// Knowledge: OpenSC's driver for Rutoken ECP, vendor examples and published observations of Rutoken
// ECP hardware, as collected in tests/data/kaztoken. No exchange with a Kaztoken proper is public:
// that it answers like a Rutoken ECP follows from maker, ATR scheme and vendor header, and has not
// been proved on hardware.
#pragma once

#include <memory>

#include "apdu/card.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt::kaztoken {

/// Binds the driver; sends nothing.
[[nodiscard]] std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile);

}  // namespace kilt::kaztoken
