// Which driver serves which card: ATR first (profiles), then one probe per family.
#pragma once

#include <memory>
#include <span>

#include "apdu/card.h"
#include "drivers/profile.h"
#include "drivers/token.h"

namespace kilt {

/// One token family.
struct Family {
  const char* name;  ///< as in a profile's `family`
  /// Binds a driver to a card whose ATR the profile claims; nothing if the card is another after
  /// all (same ATR, other applet). May send a few reading APDUs.
  std::unique_ptr<Token> (*open)(apdu::Card& card, const Profile& profile);
  /// For a card whose ATR no profile claims: is it one of this family? At most one SELECT (the last
  /// family, which knows the standards only, may take a few). May throw TokenNotRecognized with
  /// words for a card that other programs are for.
  /// nullptr: the family is recognised by ATR only.
  std::unique_ptr<Token> (*probe)(apdu::Card& card, const ProfileSet& profiles);
};

/// All families, in the order of probing.
[[nodiscard]] std::span<const Family> families();

/// Binds a driver, inside a transaction. Throws TokenNotRecognized.
[[nodiscard]] std::unique_ptr<Token> open_token(apdu::Card& card, const ProfileSet& profiles);

}  // namespace kilt
