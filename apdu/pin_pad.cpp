#include "apdu/pin_pad.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include <reader.h>

namespace kilt::apdu {
namespace {

constexpr Byte kSeconds = 30;    // to begin, and from one key to the next
constexpr Byte kInBytes = 0x80;  // units of positions; the block begins with the data
constexpr Byte kBcd = 0x01, kAscii = 0x02;
constexpr Byte kOnEnterKey = 0x02;  // the entry ends with the key for it
constexpr std::uint16_t kEnglish = 0x0409;
constexpr Byte kConfirmAndAskOld = 0x03;

/// What VERIFY's and MODIFY's structures have in common.
template <typename Structure>
Structure common(const PadFormat& format, std::size_t data_size) {
  Structure result{};
  result.bTimerOut = kSeconds;
  result.bTimerOut2 = kSeconds;
  result.bmFormatString = kInBytes | (format.bcd ? kBcd : kAscii);
  result.bmPINBlockString = static_cast<Byte>(format.stored);
  result.wPINMaxExtraDigit =
      static_cast<std::uint16_t>((std::min(format.min, 255U) << 8U) | std::min(format.max, 255U));
  result.bEntryValidationCondition = kOnEnterKey;
  result.wLangId = kEnglish;
  result.ulDataLength = static_cast<std::uint32_t>(data_size);
  return result;
}

/// The command as the reader gets it: fixed blocks filled up, else Lc 0 that the reader corrects.
Bytes data_of(const Command& header, const PadFormat& format, unsigned blocks) {
  Bytes data{header.cla, header.ins, header.p1, header.p2,
             static_cast<Byte>(blocks * format.stored)};
  data.resize(data.size() + std::size_t{blocks} * format.stored, format.fill);
  return data;
}

template <typename Structure>
Bytes joined(const Structure& structure, BytesView data) {
  Bytes bytes(offsetof(Structure, abData));
  std::memcpy(bytes.data(), &structure, bytes.size());
  append(bytes, data);
  return bytes;
}

void check(const PadFormat& format, bool two_blocks) {
  if (!fits_pad(format, two_blocks))
    throw std::length_error("the reader cannot make such a PIN block");
}

}  // namespace

bool fits_pad(const PadFormat& format, bool two_blocks) noexcept {
  if (format.stored > kMaxPadBlock) return false;
  return format.stored != 0 || !two_blocks;
}

Response verify_at_pad(Card& card, const Command& header, const PadFormat& format) {
  check(format, false);
  const Bytes data = data_of(header, format, 1);
  auto structure = common<PIN_VERIFY_STRUCTURE>(format, data.size());
  structure.bNumberMessage = 1;
  return card.at_pad(PadAction::kVerify, header, joined(structure, data));
}

Response modify_at_pad(Card& card, const Command& header, const PadFormat& format) {
  check(format, true);
  const Bytes data = data_of(header, format, 2);
  auto structure = common<PIN_MODIFY_STRUCTURE>(format, data.size());
  structure.bInsertionOffsetNew = static_cast<Byte>(format.stored);
  structure.bConfirmPIN = kConfirmAndAskOld;
  structure.bNumberMessage = 3;
  structure.bMsgIndex2 = 1;
  structure.bMsgIndex3 = 2;
  return card.at_pad(PadAction::kModify, header, joined(structure, data));
}

}  // namespace kilt::apdu
