// A token with two drivers: Kilt's own, and a foreign module for what that cannot do.
#pragma once

#include <memory>

#include "apdu/card.h"
#include "drivers/delegate/rule.h"
#include "drivers/token.h"

namespace kilt::delegate {

/// `own` with the rule's module behind it. The module is opened at the first need, and only if it
/// shows a token with the same serial number; while it works, the transaction on `card` is given
/// up, since it talks to the same card. The module is logged in with the user's PIN right after
/// Kilt's own driver was, and only if that accepted the PIN.
[[nodiscard]] std::unique_ptr<Token> make_overlay(apdu::Card& card, std::unique_ptr<Token> own,
                                                  Rule rule, std::string reader);

}  // namespace kilt::delegate
