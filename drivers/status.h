// The usual meaning of status words, for drivers: each family handles what is peculiar to it first
// and leaves the rest to this table.
#pragma once

#include "apdu/response.h"
#include "drivers/errors.h"

namespace kilt {

/// Throws the typed error that `sw` stands for: 6982 NotLoggedIn, 6A82/6A88 ObjectNotFound, 6A84
/// TokenFull, 6D00/6E00 NotSupported, else CardFault. `what` names the command.
[[noreturn]] void throw_status(const char* what, StatusWord sw);

/// The same for a command that compares or changes a PIN, and for no other (design decision 24):
/// 6983 PinBlocked, 63Cx WrongPin, else as throw_status().
[[noreturn]] void throw_pin_status(const char* what, StatusWord sw);

/// The card met a trouble of its own (64xx, 65xx, 6Fxx): the same command may do next time, and
/// nothing is to be concluded about what the card can do.
[[nodiscard]] bool is_passing_trouble(StatusWord sw) noexcept;

/// Returns the answer if it is 9000, else throws as throw_status.
const apdu::Response& expect_ok(const char* what, const apdu::Response& answer);

}  // namespace kilt
