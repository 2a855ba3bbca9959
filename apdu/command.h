// Command APDUs as values (ISO/IEC 7816-4:2013, 5.1 and 11; ISO/IEC 7816-8 for security commands).
#pragma once

#include <cstdint>
#include <optional>

#include "apdu/bytes.h"

namespace kilt::apdu {

/// Number of answer bytes expected. 0 on the wire means the maximum; here it is the number itself.
enum class Le : std::uint32_t {};
/// "As much as a short APDU can bring."
inline constexpr Le kLeShortMax{256};
/// "As much as an extended APDU can bring."
inline constexpr Le kLeExtendedMax{65536};

/// How much of a command the trace may show.
enum class Privacy {
  kPublic,  ///< header and lengths (data is never traced as such)
  kSecret,  ///< as kPublic, and the answer's length is hidden too
};

/// One command APDU. Which of the four ISO cases it is follows from data and Le.
struct Command {
  Byte cla = 0;
  Byte ins = 0;
  Byte p1 = 0;
  Byte p2 = 0;
  Bytes data;
  std::optional<Le> le;
  Privacy privacy = Privacy::kPublic;
  /// 61xx means "fetch the rest by GET RESPONSE". False for cards that answer 61xx as a remark.
  bool follow_61 = true;

  /// Case 1: header only.
  static Command case1(Byte cla, Byte ins, Byte p1, Byte p2);
  /// Case 2: answer expected.
  static Command case2(Byte cla, Byte ins, Byte p1, Byte p2, Le le);
  /// Case 3: data sent.
  static Command case3(Byte cla, Byte ins, Byte p1, Byte p2, BytesView data);
  /// Case 4: data sent, answer expected.
  static Command case4(Byte cla, Byte ins, Byte p1, Byte p2, BytesView data, Le le);

  /// Fits in a short APDU (data <= 255, Le <= 256).
  [[nodiscard]] bool fits_short() const noexcept;
  /// Short encoding. Throws std::length_error if it does not fit.
  [[nodiscard]] Bytes encode_short() const;
  /// Extended encoding. Throws std::length_error beyond 65535 data bytes.
  [[nodiscard]] Bytes encode_extended() const;
};

/// SELECT (11.2.2) by P1 `how` and P2 `what`; Le 256 unless `no_answer`.
Command select(Byte how, Byte what, BytesView name, bool no_answer = false);
/// READ BINARY (11.3.3) at a 15-bit offset. Throws std::out_of_range beyond it.
Command read_binary(std::size_t offset, Le le);
/// UPDATE BINARY (11.3.5) at a 15-bit offset. Throws std::out_of_range beyond it.
Command update_binary(std::size_t offset, BytesView data);
/// GET CHALLENGE (11.6.3).
Command get_challenge(Le le);
/// GET DATA (11.5.3), two-byte tag.
Command get_data(std::uint16_t tag, Le le);
/// VERIFY (11.6.6) with reference data. An empty PIN is refused: std::invalid_argument.
Command verify(Byte reference, BytesView pin);
/// VERIFY without data: asks for the tries left, spends none.
Command verify_status(Byte reference);

}  // namespace kilt::apdu
