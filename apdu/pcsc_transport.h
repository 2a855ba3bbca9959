// Readers of PC/SC-Lite (pcscd).
#pragma once

#include <memory>

#include "apdu/reader.h"

namespace kilt::apdu {

/// The transport over pcscd. Nothing is contacted before the first call; an absent pcscd is
/// looked for again at each call.
[[nodiscard]] std::unique_ptr<Transport> make_pcsc_transport();

}  // namespace kilt::apdu
