// Which driver serves which card: ATR first (profiles), then one probe per family.
#pragma once

#include <memory>

#include "apdu/card.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt {

/// Binds a driver, inside a transaction. Throws TokenNotRecognized.
[[nodiscard]] std::unique_ptr<Token> open_token(apdu::Card& card, const ProfileSet& profiles);

}  // namespace kilt
