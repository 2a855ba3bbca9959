// The few ASN.1 types that keys and PKCS#15 directories are made of, on top of apdu/tlv.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apdu/bytes.h"
#include "apdu/tlv.h"

namespace kilt::asn1 {

inline constexpr std::uint32_t kBoolean = 0x01;
inline constexpr std::uint32_t kInteger = 0x02;
inline constexpr std::uint32_t kBitString = 0x03;
inline constexpr std::uint32_t kOctetString = 0x04;
inline constexpr std::uint32_t kOid = 0x06;
inline constexpr std::uint32_t kEnumerated = 0x0A;
inline constexpr std::uint32_t kUtf8String = 0x0C;
inline constexpr std::uint32_t kGeneralizedTime = 0x18;
inline constexpr std::uint32_t kSequence = 0x30;
inline constexpr std::uint32_t kSet = 0x31;
/// Context tag [n], constructed.
[[nodiscard]] constexpr std::uint32_t context(unsigned n) { return 0xA0U + n; }
/// Context tag [n], primitive.
[[nodiscard]] constexpr std::uint32_t context_primitive(unsigned n) { return 0x80U + n; }

/// INTEGER of at most 4 bytes as a number. Throws MalformedAnswer.
[[nodiscard]] std::int64_t integer(BytesView value);
/// BIT STRING as a number whose bit n is the string's bit n (at most 32 bits are looked at).
/// Throws MalformedAnswer.
[[nodiscard]] std::uint32_t bits(BytesView value);

/// Encodes a number as the value of an INTEGER.
[[nodiscard]] Bytes integer_value(std::int64_t number);
/// Encodes flags as the value of a BIT STRING without trailing zero bits.
[[nodiscard]] Bytes bits_value(std::uint32_t flags);

}  // namespace kilt::asn1
