// Cards without a driver of their own: what a profile describes, what keeps a PKCS#15 application,
// and what can at least be named.
//
// Knowledge: ISO/IEC 7816-4, -8 and -15; for the Kazakh ID card the commands of the CA's own
// diagnostic tool (github.com/pkigovkz/KzIdCardVerifier) and its two published logs, and by analogy
// the first Portuguese citizen card (OpenSC's card-ias.c before 2016). Nothing has been tried on
// hardware; where the ID card keeps certificates, and any command of an aKey, is not public.
#pragma once

#include <memory>

#include "apdu/card.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt::iso7816 {

/// For a card that a profile claims by its ATR. Throws TokenNotRecognized with the profile's words
/// for a card that other programs are for, unless it keeps a PKCS#15 application.
[[nodiscard]] std::unique_ptr<Token> open(apdu::Card& card, const Profile& profile);

/// For a card that no profile claims: PKCS#15 by name or EF.DIR, then the application identifiers
/// of the profiles. Some twenty APDUs at most, all of them SELECT and READ. nullptr if it is none;
/// throws TokenNotRecognized with words for an application that other programs are for.
[[nodiscard]] std::unique_ptr<Token> probe(apdu::Card& card, const ProfileSet& profiles);

}  // namespace kilt::iso7816
