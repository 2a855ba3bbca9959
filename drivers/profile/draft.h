// What a card with a PKCS#15 application says of itself, without names and numbers of its owner,
// and a draft of a profile made from it. Only SELECT and READ are sent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apdu/card.h"
#include "drivers/pkcs15/entries.h"

namespace kilt {

struct CardFacts {
  struct Key {
    Byte reference = 0;
    unsigned bits = 0;
    std::uint32_t usage = 0;  ///< bits of KeyUsageFlags
    bool is_rsa = true;
    bool user_consent = false;
  };
  Bytes aid, path;  ///< where the application is: name, or DF from the MF on
  std::vector<pkcs15::PinEntry> pins;
  std::vector<Key> keys;
  std::vector<std::size_t> certificates;  ///< bytes; 0: named, but not readable
  std::size_t data_objects = 0;
  bool token_info = false, last_update = false;
  std::vector<std::string> odd;  ///< what was damaged or needs a login
};

/// Nothing if the card keeps no PKCS#15 application.
[[nodiscard]] std::optional<CardFacts> look_at_pkcs15(apdu::Card& card);

/// A profile with everything the card answered, unverified, to be completed by its owner. It passes
/// parse_profile().
[[nodiscard]] std::string draft_profile(BytesView atr, const std::optional<CardFacts>& facts);

}  // namespace kilt
