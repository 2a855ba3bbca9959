// Who is logged in to a token, and what was seen here of its PINs.
#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "drivers/pin_input.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"
#include "pkcs11/known_readers.h"

namespace kilt::p11 {

class LoginState {
 public:
  explicit LoginState(CK_SLOT_ID slot) noexcept : slot_(slot) {}

  [[nodiscard]] std::optional<PinRole> role() const noexcept { return role_; }
  void logged_in(PinRole role) noexcept {
    role_ = role;
    doubtful_ = false;
    open_ = true;
    note_login(slot_, true);
  }
  void logged_out() noexcept {
    role_.reset();
    doubtful_ = false;
  }
  /// The token refused an object in spite of a login: perhaps another program has logged
  /// out, perhaps the object is behind another PIN.
  void doubt() noexcept { doubtful_ = role_.has_value(); }
  [[nodiscard]] bool doubtful() const noexcept { return doubtful_; }
  /// A login of ours is not yet closed on the card.
  [[nodiscard]] bool open() const noexcept { return open_; }
  void closed() noexcept {
    open_ = false;
    note_login(slot_, false);
  }
  /// Another process of the same origin is logged in too: closing the card would end its login.
  [[nodiscard]] bool shared() const noexcept { return relative_logged_in(slot_); }
  /// Another token, or the same one erased: nothing is known.
  void clear() noexcept;

  /// A right PIN was given.
  void pin_right(PinRole role) noexcept { wrong_pin_.erase(role); }
  void pin_wrong(PinRole role, std::optional<unsigned> tries_left) {
    wrong_pin_[role] = tries_left;
  }
  /// This is the PIN's value; takes note whether it is one of the factory PINs of `profile`. What
  /// was typed at the reader is not known.
  void pin_is(PinRole role, const PinInput& pin, const Profile* profile);

  /// What a login showed of the PIN's being a factory PIN (CKF_USER_PIN_TO_BE_CHANGED); nothing if
  /// not known.
  [[nodiscard]] std::optional<bool> factory_pin(PinRole role) const noexcept;
  /// What the token says of a PIN, and what was seen of it here: a wrong one since the last right
  /// one shows even where the token gives no numbers. What the token said longer than `lasts` ago
  /// is asked again: other programs spend tries, too.
  [[nodiscard]] PinStatus pin_status(Token& token, PinRole role, std::chrono::milliseconds lasts);

  /// The next pin_status() asks the token, however short ago it was asked.
  void ask_anew() noexcept { ask_anew_ = true; }

 private:
  CK_SLOT_ID slot_;
  std::optional<PinRole> role_;
  bool doubtful_ = false, open_ = false;
  std::optional<std::chrono::steady_clock::time_point> asked_at_;
  bool ask_anew_ = false;
  std::map<PinRole, bool> factory_pin_;
  /// Since the last right PIN a wrong one was given; how many tries the token then had.
  std::map<PinRole, std::optional<unsigned>> wrong_pin_;
};

}  // namespace kilt::p11
