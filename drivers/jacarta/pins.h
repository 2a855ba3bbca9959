// PINs of the Laser applet (sheet, section 5): key objects below the MF,
// proved by a cryptogram over the card's challenge.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "drivers/jacarta/files.h"
#include "drivers/token.h"

namespace kilt::jacarta {

inline constexpr FileId kUserPinObject = 0x0020, kSoPinObject = 0x0010;
/// Bytes that a PIN may have.
inline constexpr std::size_t kMinPin = 4, kMaxPin = 16;

[[nodiscard]] constexpr FileId pin_object(PinRole role) {
  return role == PinRole::kSo ? kSoPinObject : kUserPinObject;
}

/// 62 { 81 PIN }: what `80 24` gives a PIN object as its new value.
[[nodiscard]] Bytes encode_new_pin(const SecureBytes& pin);

class Pins {
 public:
  explicit Pins(Files& files) : files_(&files) {}

  /// Who is logged in as far as this connection knows.
  [[nodiscard]] std::optional<PinRole> logged_in() const noexcept { return logged_in_; }
  void forget() noexcept {
    logged_in_.reset();
    status_.clear();
  }

  /// The counters may be others now.
  void forget_status() noexcept { status_.clear(); }

  /// Selects the PIN, asks for a challenge, sends one VERIFY. Throws WrongPin, PinBlocked,
  /// PinLength (no try spent), ObjectNotFound.
  void verify(PinRole role, const SecureBytes& pin);
  /// The plain VERIFY that the transport PINs take; their values are public.
  void verify_transport(FileId object, BytesView pin);
  void logout();
  /// VERIFY with the old PIN, then the new one through the secure channel; `done` runs while the
  /// login stands. Throws WrongPin, PinBlocked, PinLength.
  void change(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin,
              const std::function<void()>& done);
  /// Clears the user PIN's counter and gives it a new value; the SO must be logged in.
  void unblock_user_pin(const SecureBytes& new_pin);
  /// From memory while nothing of ours can have changed it, else one SELECT. A PIN object that is
  /// not there: not initialized.
  PinStatus status(PinRole role);
  /// Before anything is sent: a PIN the token will not take must not cost the old one's VERIFY.

 private:
  void set_value(PinRole role, const SecureBytes& new_pin, bool reset_counter);
  PinStatus read_status(PinRole role);

  Files* files_;
  std::optional<PinRole> logged_in_;
  std::map<PinRole, PinStatus> status_;
};

}  // namespace kilt::jacarta
