// Errors of the card channel. Drivers add theirs in drivers/errors.h; one table in pkcs11/ turns
// all of them into return values. No message ever holds APDU data.
#pragma once

#include <stdexcept>
#include <string>

#include "apdu/status_word.h"

namespace kilt {

/// Base of everything this project throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The card, or the whole reader, is gone (or was exchanged: the connection is dead either way).
class CardRemoved : public Error {
 public:
  CardRemoved() : Error("the token was removed") {}
  using Error::Error;
};

/// Somebody reset or re-powered the card: selection, security environment and login are lost.
class CardReset : public Error {
 public:
  CardReset() : Error("the token was reset by another program") {}
};

/// The card gives no ATR or no answer at all.
class CardMute : public Error {
 public:
  CardMute() : Error("the token does not answer") {}
};

/// Another program holds the reader (exclusively, or in a transaction longer than our patience).
class ReaderBusy : public Error {
 public:
  using Error::Error;
};

/// The reader is known but cannot be used now (unplugged, driver failed).
class ReaderUnavailable : public Error {
 public:
  using Error::Error;
};

/// pcscd is not running, not reachable, or refuses us (polkit).
class ServiceUnavailable : public Error {
 public:
  using Error::Error;
};

/// The exchange itself failed (communication error, time-out in the reader).
class TransportError : public Error {
 public:
  using Error::Error;
};

/// Nothing came of a PIN that was to be typed at the reader's own keys. No try was spent.
class PinEntryFailed : public Error {
 public:
  enum class Why { kCancelled, kTimeOut, kMismatch, kLength };
  explicit PinEntryFailed(Why why);
  [[nodiscard]] Why why() const noexcept { return why_; }

 private:
  Why why_;
};

/// The card answered something no sane card answers: too long, too short, endless, malformed.
class MalformedAnswer : public Error {
 public:
  using Error::Error;
};

/// A status word that the caller did not expect.
class CardFault : public Error {
 public:
  /// `what` names the command, e.g. "READ BINARY"; the status word is appended.
  CardFault(const std::string& what, StatusWord sw);
  [[nodiscard]] StatusWord sw() const noexcept { return sw_; }

 private:
  StatusWord sw_;
};

}  // namespace kilt
