// PINs of an IDPrime card: the PIN object tells tries left, stored length and whether the PIN was
// ever changed, without a login and without spending a try.
#pragma once

#include "drivers/etoken/idprime/files.h"
#include "drivers/token.h"

namespace kilt::etoken::idprime {

inline constexpr Byte kUserPin = 0x11, kSignaturePin = 0x83;

class Pins {
 public:
  /// `padded`: the model takes PINs filled up with zeros to their stored length; the other form is
  /// sent only after 6700, which spends no try.
  Pins(Files& files, bool padded) : files_(&files), padded_(padded) {}

  /// One VERIFY. Throws WrongPin, PinBlocked, PinLength.
  void verify(Byte reference, const SecureBytes& pin);
  /// The PIN can be typed at the reader: its block has no length that PC/SC cannot say.
  [[nodiscard]] bool takes_pad();
  /// The same, typed there. Throws also PinEntryFailed.
  void verify_at_pad(Byte reference);
  /// Un-verifies the user PIN; false if the card knows none of the public commands for it.
  bool unverify();
  /// CHANGE REFERENCE DATA, both PINs filled up. Throws as verify().
  void change(Byte reference, const SecureBytes& old_pin, const SecureBytes& new_pin);
  PinStatus status(Byte reference);
  /// The card was used by others: ask again.
  void forget() noexcept { status_.clear(); }

 private:
  struct Known {
    PinStatus status;
    std::size_t stored_length = 16;
  };
  const Known& known(Byte reference);
  Known read(Byte reference);
  [[nodiscard]] Bytes form(Byte reference, const SecureBytes& pin, bool padded);
  void check_length(Byte reference, const SecureBytes& pin);
  [[noreturn]] void refuse(const char* what, StatusWord sw);

  Files* files_;
  bool padded_;
  std::map<Byte, Known> status_;
};

}  // namespace kilt::etoken::idprime
