// A shared connection to a card through PC/SC-Lite.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "apdu/reader.h"

namespace kilt::apdu {

/// Connects with a context of its own, so that cards in different readers work in parallel
/// (PC/SC-Lite serialises the calls of one context). Throws as Transport::connect.
[[nodiscard]] std::unique_ptr<Connection> connect_pcsc(const std::string& reader);

}  // namespace kilt::apdu
