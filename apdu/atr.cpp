#include "apdu/atr.h"

#include <bit>

namespace kilt::apdu {
namespace {
constexpr std::size_t kMaxAtr = 33;
}

std::optional<Atr> Atr::parse(BytesView atr) noexcept {
  if (atr.size() < 2 || atr.size() > kMaxAtr || (atr[0] != 0x3B && atr[0] != 0x3F))
    return std::nullopt;
  Atr result;
  const std::size_t historical_count = atr[1] & 0x0F;
  Byte present = atr[1] >> 4;  // which of TA, TB, TC, TD follow
  std::size_t position = 2;
  bool first = true;
  bool needs_checksum = false;
  while (true) {
    position += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(present)));
    if (position > atr.size()) return std::nullopt;
    if ((present & 0x08) == 0) break;
    const Byte td = atr[position - 1];
    if (first) result.protocol = td & 0x0F;
    first = false;
    needs_checksum = needs_checksum || (td & 0x0F) != 0;
    present = td >> 4;
  }
  if (position + historical_count > atr.size()) return std::nullopt;
  result.historical = atr.subspan(position, historical_count);
  position += historical_count;
  if (!needs_checksum) {
    result.checksum_ok = position == atr.size();
  } else if (position + 1 == atr.size()) {
    Byte sum = 0;
    for (const Byte byte : atr.subspan(1)) sum = static_cast<Byte>(sum ^ byte);
    result.checksum_ok = sum == 0;
  }
  return result;
}

}  // namespace kilt::apdu
