// lastUpdate of EF.TokenInfo: the mark by which programs see that another one wrote.
#pragma once

#include <string>

#include "apdu/bytes.h"

namespace kilt::pkcs15 {

/// The present time as GeneralizedTime (UTC, seconds), but later than `previous` in any case.
[[nodiscard]] std::string later_time(const std::string& previous);

/// The contents of EF.TokenInfo with lastUpdate set to a later time; fields that this code does
/// not know stay. Answers the contents unchanged if they are no TokenInfo.
[[nodiscard]] Bytes with_later_update(BytesView contents);

}  // namespace kilt::pkcs15
