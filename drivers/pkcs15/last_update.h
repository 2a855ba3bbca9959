// lastUpdate of EF.TokenInfo: the mark by which programs see that another one wrote.
#pragma once

#include <ctime>
#include <string>

#include "apdu/bytes.h"

namespace kilt::pkcs15 {

/// The present time as GeneralizedTime (UTC, seconds), but later than `previous` in any case.
[[nodiscard]] std::string later_time(const std::string& previous);

/// Every write from now on will leave another mark than this one: it is older than the present
/// second, the unit in which programs (OpenSC) count. False if it is no such time.
[[nodiscard]] bool settled(const std::string& mark);

/// For tests: the clock instead of std::time.
void set_clock(std::time_t (*clock)()) noexcept;

/// The contents of EF.TokenInfo with lastUpdate set to a later time; fields that this code does
/// not know stay. Answers the contents unchanged if they are no TokenInfo.
[[nodiscard]] Bytes with_later_update(BytesView contents);

}  // namespace kilt::pkcs15
