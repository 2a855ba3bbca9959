#include "drivers/crypto/ber.h"

#include "apdu/tlv.h"
#include "drivers/crypto/asn1.h"

namespace kilt::crypto {
namespace {

constexpr unsigned kMaxNesting = 24;
constexpr std::size_t kMaxParts = 100'000;
constexpr std::uint32_t kOctetStringInPieces = 0x24;
constexpr Byte kConstructed = 0x20, kIndefinite = 0x80, kLongForm = 0x80, kLongTag = 0x1F;

/// One walk over BER of any length form.
class Walk {
 public:
  explicit Walk(BytesView all) : rest_(all) {}

  /// The next value, definite, appended to `out`.
  void value(Bytes& out, unsigned depth) {
    if (depth > kMaxNesting || ++parts_ > kMaxParts)
      throw MalformedAnswer("the file's structure is too deep or too large");
    const std::uint32_t tag = read_tag();
    const bool constructed = (first_of(tag) & kConstructed) != 0;
    const Byte length = take(1)[0];
    if (length == kIndefinite) {
      if (!constructed) throw MalformedAnswer("a value without length and without parts");
      Bytes inner;
      while (!at_end_mark()) value(inner, depth + 1);
      static_cast<void>(take(2));
      finish(out, tag, inner);
      return;
    }
    const BytesView body = take(size_of(length));
    if (!constructed) {
      append(out, tlv::encode(tag, body));
      return;
    }
    Bytes inner;
    const BytesView after = rest_;
    rest_ = body;
    while (!rest_.empty()) value(inner, depth + 1);
    rest_ = after;
    finish(out, tag, inner);
  }
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

 private:
  static Byte first_of(std::uint32_t tag) {
    while (tag > 0xFF) tag >>= 8;
    return static_cast<Byte>(tag);
  }
  static void finish(Bytes& out, std::uint32_t tag, const Bytes& inner) {
    if (tag == kOctetStringInPieces)
      append(out, tlv::encode(asn1::kOctetString, joined_octets(tlv::encode(tag, inner))));
    else
      append(out, tlv::encode(tag, inner));
  }
  std::uint32_t read_tag() {
    std::uint32_t tag = take(1)[0];
    if ((tag & kLongTag) != kLongTag) return tag;
    for (unsigned bytes = 0; bytes < 2; ++bytes) {
      const Byte next = take(1)[0];
      tag = (tag << 8) | next;
      if ((next & 0x80U) == 0) return tag;
    }
    throw MalformedAnswer("a tag is too long");
  }
  std::size_t size_of(Byte length) {
    if (length < kLongForm) return length;
    const std::size_t bytes = length & 0x7FU;
    if (bytes > 4) throw MalformedAnswer("a length is too long");
    return static_cast<std::uint32_t>(read_be(take(bytes)));
  }
  [[nodiscard]] bool at_end_mark() const {
    if (rest_.size() < 2) throw MalformedAnswer("a value does not end");
    return rest_[0] == 0 && rest_[1] == 0;
  }
  BytesView take(std::size_t size) {
    if (size > rest_.size()) throw MalformedAnswer("a value is cut off");
    const BytesView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  BytesView rest_;
  std::size_t parts_ = 0;
};

}  // namespace

Bytes definite(BytesView ber) {
  Bytes out;
  Walk walk(ber);
  walk.value(out, 0);
  if (!walk.empty()) throw MalformedAnswer("something follows the value");
  return out;
}

Bytes joined_octets(BytesView encoded) {
  const auto node = tlv::Reader(encoded).next();
  if (!node) throw MalformedAnswer("a string is missing");
  if (!node->constructed()) return to_bytes(node->value);
  Bytes joined;
  tlv::Reader pieces(node->value);
  while (const auto piece = pieces.next()) {
    if (piece->tag != asn1::kOctetString) throw MalformedAnswer("a string has strange pieces");
    append(joined, piece->value);
  }
  return joined;
}

}  // namespace kilt::crypto
