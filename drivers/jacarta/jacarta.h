// JaCarta PKI: Athena's "LASER" applet, under the software conventions of Athena and of Aladdin
// R.D.
//
// Knowledge: published recordings of a real Athena card with one of JaCarta's ATRs (commands and
// answers: files, PIN, RSA-1024, secure channel), and Aladdin's own driver for OpenSC (2048 and
// 4096 bit keys, import, format, certificates), both as collected in tests/data/jacarta. Not proved
// on hardware by anybody's recording: RSA-2048 and 4096 answers, format, PIN change and unblock,
// anything on a JaCarta that Aladdin or the CA personalised.
#pragma once

#include <memory>

#include "apdu/card.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt::jacarta {

/// Selects the applet; nothing if the card has none (JaCarta PRO, LT and GOST are other applets).
[[nodiscard]] std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile);
/// The same for a card of unknown ATR.
[[nodiscard]] std::unique_ptr<Token> probe(apdu::Card& card, const ProfileSet& profiles);

}  // namespace kilt::jacarta
