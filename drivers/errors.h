// What a token can refuse, as types. pkcs11/rv.cpp turns each into one result; the texts are for
// people (log, status object, tool). No text ever holds a PIN or card data.
#pragma once

#include <optional>
#include <string>

#include "apdu/errors.h"
#include "drivers/crypto/errors.h"

namespace kilt {

/// The PIN was wrong; a try is spent. `tries_left` is unknown where the token does not tell.
class WrongPin : public Error {
 public:
  explicit WrongPin(std::optional<unsigned> tries_left)
      : Error("wrong PIN"), tries_left_(tries_left) {}
  [[nodiscard]] std::optional<unsigned> tries_left() const noexcept { return tries_left_; }

 private:
  std::optional<unsigned> tries_left_;
};

/// The PIN's tries are used up.
class PinBlocked : public Error {
 public:
  PinBlocked() : Error("the PIN is blocked") {}
};

/// A PIN the token would not take: too short, too long, wrong characters. No try was spent.
class PinLength : public Error {
 public:
  using Error::Error;
};

/// The PIN must be changed before the token does this.
class PinExpired : public Error {
 public:
  using Error::Error;
};

/// The PIN was never set.
class PinNotInitialized : public Error {
 public:
  PinNotInitialized() : Error("the PIN has not been set yet") {}
};

/// The operation needs a login that is not there (or no longer: logout elsewhere, reset).
class NotLoggedIn : public Error {
 public:
  NotLoggedIn() : Error("not logged in") {}
};

/// No driver knows this card.
class TokenNotRecognized : public Error {
 public:
  TokenNotRecognized() : Error("no driver knows this card") {}
  /// What the card is, and what to do with it.
  using Error::Error;
};

/// The object is not (or no longer) on the token.
class ObjectNotFound : public Error {
 public:
  using Error::Error;
};

/// No room for the object.
class TokenFull : public Error {
 public:
  TokenFull() : Error("the token's memory is full") {}
  using Error::Error;
};

/// The token, or this object, cannot be written; the text says why.
class WriteProtected : public Error {
 public:
  using Error::Error;
};

/// The error says something of the one file, record or object that was asked for. False where the
/// card, the reader or the way to it is in trouble: then nothing else will work either.
[[nodiscard]] inline bool concerns_one_object(const Error& error) noexcept {
  const auto is = [&]<typename T>(const T*) { return dynamic_cast<const T*>(&error) != nullptr; };
  return !is(static_cast<const CardRemoved*>(nullptr)) &&
         !is(static_cast<const CardReset*>(nullptr)) &&
         !is(static_cast<const CardMute*>(nullptr)) &&
         !is(static_cast<const ReaderBusy*>(nullptr)) &&
         !is(static_cast<const ReaderUnavailable*>(nullptr)) &&
         !is(static_cast<const ServiceUnavailable*>(nullptr)) &&
         !is(static_cast<const TransportError*>(nullptr));
}

}  // namespace kilt
