// How a login ends on a card, whatever the card says to it.
#pragma once

#include "apdu/card.h"

namespace kilt {

/// Closes the card's security state by `command`. A card that refuses it is reset: a login does not
/// outlive the program that made it. False after a reset: everything selected is gone with it.
/// Throws CardReset and CardRemoved, after which there is no login either, and what the reset
/// throws.
template <typename Command>
[[nodiscard]] bool log_out_by(apdu::Card& card, Command command) {
  try {
    command();
    return true;
  } catch (const CardReset&) {
    throw;
  } catch (const CardRemoved&) {
    throw;
  } catch (const Error&) {
    card.connection().reset();
    return false;
  }
}

}  // namespace kilt
