// eToken PRO (Java, 72K), eToken 5100 and 5110, JaCarta PRO: the eToken Java applet.
//
// Knowledge: two public recordings of a 5110 (applet 1.8.5), an open boot driver and an open key
// exporter that ran on 72K tokens, with a published vector of the login. RSA signature rests on
// one source, RSA decryption on it being the same operation. Not public, therefore refused: PIN
// change and set-up, key generation, writing and deleting objects, logout, secure messaging and
// with it EC signatures. Nothing here has been tried on hardware by this project.
#pragma once

#include <memory>

#include "apdu/card.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt::etoken::applet {

/// Binds the driver if the card has the applet: one SELECT by AID. The ATR proves nothing, it is
/// that of any Java Card of its maker.
[[nodiscard]] std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile);

}  // namespace kilt::etoken::applet
