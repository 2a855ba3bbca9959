// The cryptography the Laser applet's protocol is made of: the cryptogram of a PIN, the key
// agreement of its secure channel and the channel's ciphers (sheet, sections 5.4 and 6;
// checked on recordings of a real card).
#pragma once

#include <memory>

#include "apdu/bytes.h"
#include "apdu/secure_messaging.h"

namespace kilt::jacarta {

inline constexpr std::size_t kChallengeSize = 8;
inline constexpr std::size_t kSessionRandomSize = 32;

/// What the secure VERIFY sends: 3DES-CBC under the first 16 bytes of SHA-1(PIN), over eight bytes
/// of the host's and the card's challenge. Both blocks are eight bytes.
[[nodiscard]] Bytes pin_cryptogram(BytesView pin, BytesView host_random, BytesView challenge);

/// Random bytes of the host. Throws Error.
[[nodiscard]] Bytes host_random(std::size_t size);

/// What the card offers for the key agreement. Big-endian.
struct ChannelParameters {
  Bytes generator, prime, card_value;
};

/// Reads 80 g, 81 N, 82 Y and checks that one may compute with them: N odd, of 1024 to 4096 bits;
/// g and Y neither 0, 1 nor N - 1 nor beyond. Throws MalformedAnswer, NotSupported.
[[nodiscard]] ChannelParameters parse_channel_parameters(BytesView answer);

struct SessionKeys {
  SecureBytes encryption, mac;  ///< 16 bytes each: two-key 3DES
};

/// One Diffie-Hellman agreement.
class KeyAgreement {
 public:
  /// Draws the host's secret.
  explicit KeyAgreement(ChannelParameters parameters);
  /// With a given secret: for known answers.
  KeyAgreement(ChannelParameters parameters, SecureBytes secret);

  /// g^x, as long as the prime.
  [[nodiscard]] Bytes public_value() const;
  /// Y^x, as long as the prime: leading zeros stay, since the keys are cut out of fixed places.
  [[nodiscard]] SecureBytes shared_secret() const;
  /// Kenc and Kmac, of the shared secret and the card's 32 random bytes. Throws MalformedAnswer if
  /// these are not 32.
  [[nodiscard]] SessionKeys session_keys(BytesView card_random) const;

 private:
  [[nodiscard]] Bytes power(BytesView base) const;

  ChannelParameters parameters_;
  SecureBytes secret_;
};

/// The cutting of session keys itself.
[[nodiscard]] SessionKeys derive_session_keys(BytesView shared_secret, BytesView card_random);

/// 3DES-CBC, zero IV; MAC: DES-CBC, the last block with both halves of the key.
[[nodiscard]] std::unique_ptr<apdu::SecureMessagingSuite> make_suite(SessionKeys keys);

}  // namespace kilt::jacarta
