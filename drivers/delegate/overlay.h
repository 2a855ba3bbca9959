// A token with two drivers: Kilt's own, and a foreign module for what that cannot do.
#pragma once

#include <memory>

#include "drivers/delegate/rule.h"
#include "drivers/source.h"

namespace kilt::delegate {

/// `own` with the rule's module behind it. The module is opened at the first need, and only if it
/// shows a token with the same serial number; while it works, our operation on the token is
/// suspended, since it talks to the same card.
///
/// The module is logged in when one of its functions needs that, with the PIN that Kilt's own
/// driver accepted; until then, or until the logout, the PIN is kept for it. A PIN that the module
/// refuses has cost a try of the token: no other is sent to it while the token stays in its reader.
[[nodiscard]] std::unique_ptr<OpenedToken> make_overlay(std::unique_ptr<OpenedToken> own, Rule rule,
                                                        std::string reader);

}  // namespace kilt::delegate
