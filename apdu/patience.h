// How long another program may hold a token before begin() throws ReaderBusy.
#pragma once

#include <chrono>

namespace kilt::apdu {

/// 30 s unless it was set: a program that signs is soon done, one that makes keys is
/// not, and no wait is endless.
[[nodiscard]] std::chrono::milliseconds patience() noexcept;
/// For the whole process.
void set_patience(std::chrono::milliseconds patience) noexcept;

}  // namespace kilt::apdu
