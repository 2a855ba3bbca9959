#include "apdu/errors.h"

namespace kilt {

std::string StatusWord::hex() const {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text(4, '0');
  for (std::size_t i = 0; i < 4; ++i) text[i] = kDigits[(value_ >> (12 - 4 * i)) & 0x0F];
  return text;
}

CardFault::CardFault(const std::string& what, StatusWord sw)
    : Error(what + ": the token answered " + sw.hex()), sw_(sw) {}

namespace {

const char* text_of(PinEntryFailed::Why why) noexcept {
  switch (why) {
    case PinEntryFailed::Why::kCancelled:
      return "the PIN entry was cancelled at the reader";
    case PinEntryFailed::Why::kTimeOut:
      return "nobody typed the PIN at the reader in time";
    case PinEntryFailed::Why::kMismatch:
      return "the two new PINs typed at the reader differ";
    case PinEntryFailed::Why::kLength:
      return "the PIN typed at the reader is too short or too long";
  }
  return "the PIN entry at the reader failed";
}

}  // namespace

PinEntryFailed::PinEntryFailed(Why why) : Error(text_of(why)), why_(why) {}

}  // namespace kilt
