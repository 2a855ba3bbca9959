// PINs of an IDPrime card: the PIN object shows tries left, stored length and whether the PIN was
// ever changed, without a login and without spending a try.
#pragma once

#include "drivers/etoken/idprime/files.h"
#include "drivers/token.h"

namespace kilt::etoken::idprime {

inline constexpr Byte kUserPin = 0x11, kSignaturePin = 0x83;

class Pins {
 public:
  /// `padded`: the model takes PINs filled up with zeros to their stored length. A card that
  /// answers 6700, which spends no try, gets the other form when the user gives the PIN again.
  Pins(Files& files, bool padded) : files_(&files), padded_(padded) {}

  /// One VERIFY. Throws as Token::login.
  void verify(Byte reference, const PinInput& pin);
  /// The PIN can be typed at the reader: its block has no length that PC/SC cannot say.
  [[nodiscard]] bool takes_pad();
  /// Un-verifies the user PIN. Throws CardFault, NotSupported if the card knows none of the public
  /// commands for it.
  void unverify();
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
  apdu::Response send_verify(Byte reference, const SecureBytes& pin);
  apdu::Response ask_at_reader(Byte reference);
  void check_length(Byte reference, const SecureBytes& pin);
  [[noreturn]] void refuse(const char* what, StatusWord sw);

  Files* files_;
  bool padded_;
  std::map<Byte, Known> status_;
};

}  // namespace kilt::etoken::idprime
