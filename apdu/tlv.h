// BER-TLV (ISO/IEC 7816-4:2013, 5.2.2 and ISO/IEC 8825-1) and SIMPLE-TLV (5.2.1), read over views
// with every length checked. The one parser for all card data.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>

#include "apdu/bytes.h"
#include "apdu/errors.h"

namespace kilt::tlv {

/// Deepest nesting that find_path() follows, and that recursive readers must respect.
inline constexpr unsigned kMaxDepth = 8;

/// One data object; views into the buffer that was parsed.
struct Node {
  std::uint32_t tag = 0;  ///< tag bytes as one number, e.g. 0x7F49
  BytesView value;
  BytesView encoded;  ///< tag, length and value

  /// BER: the value consists of further data objects (bit 6 of the first tag byte).
  [[nodiscard]] bool constructed() const noexcept;
};

/// Walks over the data objects of one level.
class Reader {
 public:
  enum class Form { kBer, kSimple };
  explicit Reader(BytesView data, Form form = Form::kBer) noexcept : rest_(data), form_(form) {}

  /// Next object, or nothing at the end. Throws MalformedAnswer on a truncated tag or length, an
  /// indefinite length, a tag of more than 3 bytes, a length of more than 4 bytes.
  std::optional<Node> next();
  /// What has not been read yet.
  [[nodiscard]] BytesView rest() const noexcept { return rest_; }

 private:
  Node read_ber();
  Node read_simple();
  Byte take();
  BytesView take(std::size_t size);

  BytesView rest_;
  Form form_;
};

/// First object with this tag on this level. Throws as Reader::next.
[[nodiscard]] std::optional<Node> find(BytesView data, std::uint32_t tag);
/// Follows tags downwards, at most kMaxDepth of them.
[[nodiscard]] std::optional<Node> find_path(BytesView data,
                                            std::initializer_list<std::uint32_t> tags);

/// BER-TLV encoding, shortest length form.
[[nodiscard]] Bytes encode(std::uint32_t tag, BytesView value);
/// SIMPLE-TLV encoding (length FF hh ll from 255 on). Throws std::length_error beyond 65535.
[[nodiscard]] Bytes encode_simple(Byte tag, BytesView value);

}  // namespace kilt::tlv
