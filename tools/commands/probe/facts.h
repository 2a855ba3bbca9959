// What `kilt probe` writes about a card: facts that help to write a profile or a driver, and
// nothing that identifies its owner. No file contents, labels, serial numbers or keys; lengths
// instead.
#pragma once

#include <string>

#include "apdu/card.h"
#include "drivers/profile/draft.h"
#include "drivers/profile/profile.h"

namespace kilt::tool {

/// The report as text, about the card behind the (guarded) connection, inside a transaction.
[[nodiscard]] std::string probe_report(apdu::Card& card, const std::string& reader,
                                       const ProfileSet& profiles,
                                       const std::optional<CardFacts>& pkcs15);

/// An ATR without the card's own number (contactless type B has one).
[[nodiscard]] std::string shown_atr(BytesView atr);
/// A reader's name without what may be a serial number.
[[nodiscard]] std::string shown_reader(const std::string& name);

}  // namespace kilt::tool
