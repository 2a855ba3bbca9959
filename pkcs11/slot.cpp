#include "pkcs11/slot.h"

#include <fmt/format.h>

#include "pkcs11/log.h"

namespace kilt::p11 {

void Slot::card_reset() noexcept {
  login_.logged_out();
  login_.closed();
  forget_private_objects();
}

void Slot::card_lost() noexcept {
  login_.clear();
  objects_.clear();
  session_objects_.clear();
  sessions_ = rw_sessions_ = 0;
}

/// Also true if the token can no longer be asked.
bool Slot::still_there(const KeyObject& key) {
  try {
    objects_.look_for(key);
    return true;
  } catch (const ObjectNotFound&) {
    return false;
  } catch (const CardRemoved&) {
    throw;
  } catch (const Error&) {
    return true;
  }
}

void Slot::require_pad(const PinInput& pin) {
  if (!pin.is_at_reader()) return;
  bind();
  const bool pad = reader_has_pad() &&
                   with_token(Repeat::kOnce, [](Token& token) { return token.info().pin_pad; });
  if (!pad) throw Refusal(CKR_ARGUMENTS_BAD, "the PIN cannot be typed at this reader");
}

void Slot::verify_pin(PinRole role, const PinInput& pin) {
  require_pad(pin);
  try {
    with_token(Repeat::kNever, [&](Token& token) {
      if (!environment().config.allow_last_try) {
        token.forget_pin_status();  // the counter of this moment counts
        const PinStatus status = token.pin_status(role);
        // pin.allow_last_try = false: never the last try, and never one of an unknown number
        if (!status.tries_left || *status.tries_left <= 1) throw PinBlocked();
      }
      token.login(role, pin);
    });
  } catch (const WrongPin& error) {
    login_.pin_wrong(role, error.tries_left());
    throw;
  }
  login_.pin_right(role);
}

void Slot::log_in(PinRole role, const PinInput& pin) {
  verify_pin(role, pin);
  login_.logged_in(role);
  login_.pin_is(role, pin, profile());
  if (login_.factory_pin(role).value_or(false))
    log_line(
        fmt::format("the {} PIN of the token in '{}' is the factory's, known to everybody: "
                    "change it (kilt pin change)",
                    role == PinRole::kUser ? "user" : "SO", reader()));
  if (role == PinRole::kUser) objects_.changed();
}

void Slot::forget_private_objects() noexcept {
  objects_.forget_private();
  session_objects_.login_ends();
}

void Slot::log_out() {
  login_.logged_out();
  forget_private_objects();
  close_card();
}

void Slot::close_card() {
  if (!login_.open()) return;
  // A process that this one was forked from, or forked, still works with the card's login.
  if (environment().config.logout != Config::Logout::kOwn && !login_.shared())
    with_token(Repeat::kOnce, [](Token& token) { token.logout(); });
  login_.closed();
}

/// A factory PIN is not set as a new one unless the configuration allows it (decision 10).
void Slot::refuse_factory_pin(PinRole role, const PinInput& pin) const {
  if (pin.is_at_reader() || profile() == nullptr || environment().config.allow_default_pin) return;
  if (profile()->is_factory_pin(role, pin.typed().view()))
    throw Refusal(CKR_PIN_INVALID, "the new PIN is a factory PIN, known to everybody");
}

void Slot::change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) {
  refuse_factory_pin(role, new_pin);
  require_pad(new_pin);
  // Some cards drop the login with a wrong old PIN: after it, no role is logged in on any.
  const auto refused = [&] {
    if (login()) log_out();
  };
  try {
    with_token(Repeat::kNever, [&](Token& token) { token.change_pin(role, old_pin, new_pin); });
  } catch (const WrongPin& error) {
    login_.pin_wrong(role, error.tries_left());
    refused();
    throw;
  } catch (const PinBlocked&) {
    refused();
    throw;
  }
  login_.pin_is(role, new_pin, profile());
}

void Slot::set_user_pin(const PinInput& new_pin) {
  with_token(Repeat::kNever, [&](Token& token) {
    refuse_factory_pin(PinRole::kUser, new_pin);
    token.init_user_pin(new_pin.typed());
  });
  login_.pin_is(PinRole::kUser, new_pin, profile());
}

void Slot::format(const FormatRequest& request) {
  with_token(Repeat::kNever, [&](Token& token) {
    token.capabilities().require(Function::kInitToken);
    token.format(request);
  });
  forget_capabilities();
  login_.clear();
  objects_.forget_all();
}

void Slot::check_pin_policy() const {
  if (environment().config.default_pin == Config::DefaultPin::kRefuse &&
      login_.factory_pin(PinRole::kUser).value_or(false))
    throw PinExpired("the user PIN is the factory's: change it first");
}

void Slot::session_opened(bool read_write) noexcept {
  ++sessions_;
  if (read_write) ++rw_sessions_;
}

void Slot::session_closed(bool read_write) noexcept {
  if (sessions_ > 0) --sessions_;
  if (read_write && rw_sessions_ > 0) --rw_sessions_;
}

}  // namespace kilt::p11
