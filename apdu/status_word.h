// Status words SW1-SW2 (ISO/IEC 7816-4:2013, 5.6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kilt {

/// The two bytes that end every answer, as one number (SW1 high, SW2 low).
class StatusWord {
 public:
  constexpr StatusWord() noexcept = default;
  constexpr explicit StatusWord(std::uint16_t value) noexcept : value_(value) {}
  constexpr StatusWord(std::uint8_t sw1, std::uint8_t sw2) noexcept
      : value_(static_cast<std::uint16_t>((sw1 << 8) | sw2)) {}

  [[nodiscard]] constexpr std::uint16_t value() const noexcept { return value_; }
  [[nodiscard]] constexpr std::uint8_t sw1() const noexcept {
    return static_cast<std::uint8_t>(value_ >> 8);
  }
  [[nodiscard]] constexpr std::uint8_t sw2() const noexcept {
    return static_cast<std::uint8_t>(value_ & 0xFF);
  }
  /// 9000, and nothing else.
  [[nodiscard]] constexpr bool ok() const noexcept { return value_ == 0x9000; }
  /// x of 63Cx: tries left, or nothing if the word says something else.
  [[nodiscard]] constexpr std::optional<unsigned> tries_left() const noexcept {
    if ((value_ & 0xFFF0) != 0x63C0) return std::nullopt;
    return value_ & 0x000FU;
  }
  [[nodiscard]] constexpr bool operator==(const StatusWord&) const noexcept = default;

  /// Four hexadecimal digits.
  [[nodiscard]] std::string hex() const;

 private:
  std::uint16_t value_ = 0;
};

/// The words this project compares with, under the names of ISO/IEC 7816-4, table 5 and 6.
namespace sw {
inline constexpr StatusWord kOk{0x9000};
inline constexpr StatusWord kEndOfFile{0x6282};
inline constexpr StatusWord kAuthenticationFailed{0x6300};
inline constexpr StatusWord kWrongLength{0x6700};
inline constexpr StatusWord kSecurityStatusNotSatisfied{0x6982};
inline constexpr StatusWord kAuthenticationBlocked{0x6983};
inline constexpr StatusWord kReferenceDataNotUsable{0x6984};
inline constexpr StatusWord kConditionsNotSatisfied{0x6985};
inline constexpr StatusWord kSmObjectsMissing{0x6987};
inline constexpr StatusWord kSmObjectsIncorrect{0x6988};
inline constexpr StatusWord kIncorrectData{0x6A80};
inline constexpr StatusWord kFunctionNotSupported{0x6A81};
inline constexpr StatusWord kFileNotFound{0x6A82};
inline constexpr StatusWord kRecordNotFound{0x6A83};
inline constexpr StatusWord kNotEnoughMemory{0x6A84};
inline constexpr StatusWord kIncorrectP1P2{0x6A86};
inline constexpr StatusWord kReferencedDataNotFound{0x6A88};
inline constexpr StatusWord kFileExists{0x6A89};
inline constexpr StatusWord kWrongOffset{0x6B00};
inline constexpr StatusWord kInsNotSupported{0x6D00};
inline constexpr StatusWord kClaNotSupported{0x6E00};
}  // namespace sw

}  // namespace kilt
