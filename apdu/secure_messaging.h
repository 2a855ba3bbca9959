// Secure messaging with the data objects 87, 97, 99, 8E of ISO/IEC 7816-4:2013, 10: every command
// encrypted (87) and authenticated (8E), every answer too. Keys and ciphers are the family's, given
// as a Suite; this file knows the envelope only.
#pragma once

#include <cstddef>
#include <memory>

#include "apdu/bytes.h"
#include "apdu/card.h"
#include "apdu/command.h"
#include "apdu/errors.h"
#include "apdu/response.h"

namespace kilt::apdu {

/// The other side does not hold the session keys (MAC missing, wrong, twice), or an attacker sits
/// between. The channel is dead.
class ChannelBroken : public Error {
 public:
  using Error::Error;
};

/// The ciphers of one session, keys inside.
class SecureMessagingSuite {
 public:
  SecureMessagingSuite() = default;
  SecureMessagingSuite(const SecureMessagingSuite&) = delete;
  SecureMessagingSuite& operator=(const SecureMessagingSuite&) = delete;
  virtual ~SecureMessagingSuite() = default;

  /// Block size of cipher and MAC, bytes.
  [[nodiscard]] virtual std::size_t block() const = 0;
  /// Input and output are whole blocks.
  [[nodiscard]] virtual Bytes encrypt(BytesView padded) const = 0;
  [[nodiscard]] virtual Bytes decrypt(BytesView blocks) const = 0;
  /// Eight bytes over whole blocks; the send sequence counter stands in front of `padded` already.
  [[nodiscard]] virtual Bytes mac(BytesView padded) const = 0;
};

/// One session. The counter starts at zero and is raised before each MAC.
class SecureMessaging {
 public:
  explicit SecureMessaging(std::unique_ptr<SecureMessagingSuite> suite);

  /// Wraps and sends; a long body goes as a chain of whole messages. An error that the card reports
  /// in clear (it does so when it has lost the session) is returned, and ends the session. Throws
  /// ChannelBroken, and whatever Card::send throws.
  Response send(Card& card, const Command& plain);

  /// One command in its envelope. Throws ChannelBroken once the session has ended,
  /// std::length_error if the body does not fit in one message.
  [[nodiscard]] Command protect(const Command& plain);
  /// Opens the envelope of the answer to the last command.
  Response unprotect(const Response& answer);

  /// Longest body of one message, bytes.
  [[nodiscard]] std::size_t max_body() const;

 private:
  Bytes next_counter();
  [[nodiscard]] Bytes mac_over(BytesView counter, BytesView header, BytesView objects) const;
  void require_alive() const;

  std::unique_ptr<SecureMessagingSuite> suite_;
  Bytes counter_;
  bool ended_ = false;
};

/// ISO/IEC 7816-4, 10.2.3.1: 80, then zeros to a whole block; always at least one byte.
[[nodiscard]] Bytes pad_to_block(BytesView data, std::size_t block);
/// Takes that off. Throws ChannelBroken if there is none.
[[nodiscard]] Bytes unpad_block(BytesView data);

}  // namespace kilt::apdu
