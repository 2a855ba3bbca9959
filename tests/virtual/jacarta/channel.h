// Secure messaging of the virtual JaCarta: keys from a Diffie-Hellman secret and the card's random,
// two-key triple DES, retail MAC with a send sequence counter.
#pragma once

#include <optional>

#include "tests/virtual/jacarta/apdu.h"

namespace kilt::vtoken::jacarta {

class Channel {
 public:
  /// Z as long as the group's modulus, R of 32 bytes.
  Channel(const Bytes& z, const Bytes& r);

  /// The plain command inside a wrapped one; nothing if a part is missing, foreign or twice there,
  /// or the MAC is wrong. Counts.
  std::optional<Apdu> unwrap(const Apdu& wrapped);
  /// The wrapped answer, without the outer status word. Counts.
  Bytes wrap(const Answer& answer);

 private:
  Bytes mac(const Bytes& message);

  Bytes enc_, mac_;
  std::uint64_t counter_ = 0;
};

}  // namespace kilt::vtoken::jacarta
