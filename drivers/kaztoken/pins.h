// PINs of the Rutoken ECP platform (kaztoken sheet, section 7).
#pragma once

#include <optional>

#include "apdu/card.h"
#include "drivers/token.h"

namespace kilt::kaztoken {

class Pins {
 public:
  explicit Pins(apdu::Card& card) : card_(&card) {}

  /// Who is logged in as far as this connection knows.
  [[nodiscard]] std::optional<PinRole> logged_in() const noexcept { return logged_in_; }
  void forget() noexcept {
    logged_in_.reset();
    forget_status();
  }
  /// The counters may be others now.
  void forget_status() noexcept { status_.clear(); }

  /// One VERIFY; a second one only after 6F86 ("a user is logged in already"), which compares
  /// nothing and spends no try. Throws as Token::login.
  void verify(PinRole role, const PinInput& pin);
  /// `80 40 00 00`: closes the security state of every PIN.
  void logout();
  /// VERIFY with the old PIN, then the new one is set. Throws WrongPin, PinBlocked, PinLength.
  void change(PinRole role, const PinInput& old_pin, const PinInput& new_pin);
  /// Clears the user PIN's counter and sets a new value; the SO must be logged in.
  void set_user_pin(const SecureBytes& new_pin);
  /// Gives a PIN object its value, whatever it was: used while a token is formatted.
  void set(PinRole role, const SecureBytes& new_pin);
  /// From memory while nothing of ours can have changed it, else one APDU.
  PinStatus status(PinRole role);

 private:
  StatusWord send_verify(PinRole role, const SecureBytes& pin);
  StatusWord ask_at_reader(PinRole role);
  PinStatus read_status(PinRole role);
  std::optional<PinStatus> status_by_object(PinRole role);
  PinStatus status_by_empty_verify(PinRole role);
  [[nodiscard]] std::optional<unsigned> tries_left(PinRole role);

  apdu::Card* card_;
  std::optional<PinRole> logged_in_;
  std::map<PinRole, PinStatus> status_;
  bool has_pin_objects_ = true;  ///< GET DATA 0101/0102 is known, until the token denies it
};

}  // namespace kilt::kaztoken
