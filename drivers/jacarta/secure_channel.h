// The Laser applet's secure channel: Diffie-Hellman with the card, then wrapped commands (sheet,
// section 6). Used for every new PIN, and where a file's rules ask for it.
#pragma once

#include "apdu/card.h"
#include "apdu/secure_messaging.h"
#include "drivers/jacarta/fcp.h"

namespace kilt::jacarta {

/// Open while it lives. Four commands more than the ones sent through it.
class SecureChannel {
 public:
  /// Throws NotSupported if the token has no channel of the published kind.
  explicit SecureChannel(apdu::Card& card);
  SecureChannel(const SecureChannel&) = delete;
  SecureChannel& operator=(const SecureChannel&) = delete;
  /// Closes it; an error then is of no more interest.
  ~SecureChannel();

  /// Throws apdu::ChannelBroken: the login is closed too then: an attacker may sit between.
  apdu::Response send(const apdu::Command& plain);
  void select(const FilePath& path);

 private:
  static apdu::SecureMessaging open(apdu::Card& card);
  void close() noexcept;

  apdu::Card* card_;
  apdu::SecureMessaging messaging_;
  bool closed_ = false;
};

/// `80 28 FF FF`: closes the security state of every PIN. Throws CardFault.
void close_security_state(apdu::Card& card);

}  // namespace kilt::jacarta
