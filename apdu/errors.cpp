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

}  // namespace kilt
