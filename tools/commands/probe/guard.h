// A connection through which nothing but reading goes: whatever a mistake above it might send.
#pragma once

#include <memory>

#include "apdu/reader.h"

namespace kilt::tool {

/// The command only reads: SELECT, READ BINARY, READ RECORD, GET DATA, GET RESPONSE of an
/// interindustry class, GET DATA of class 80 (CPLC), and VERIFY without data. The last spends no
/// try by ISO/IEC 7816-4; who sends it must know that of the card.
[[nodiscard]] bool only_reads(BytesView command) noexcept;

/// Takes over the connection; transmit() throws std::logic_error, and sends nothing, unless
/// only_reads().
[[nodiscard]] std::unique_ptr<apdu::Connection> reading_only(
    std::unique_ptr<apdu::Connection> connection);

}  // namespace kilt::tool
