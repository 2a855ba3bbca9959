#include "pkcs11/slot/login_state.h"

namespace kilt::p11 {

void LoginState::clear() noexcept {
  logged_out();
  closed();
  asked_at_.reset();
  factory_pin_.clear();
  wrong_pin_.clear();
}

void LoginState::pin_is(PinRole role, const PinInput& pin, const Profile* profile) {
  pin_right(role);
  if (pin.is_at_reader())
    factory_pin_.erase(role);
  else
    factory_pin_[role] = profile != nullptr && profile->is_factory_pin(role, pin.typed().view());
}

std::optional<bool> LoginState::factory_pin(PinRole role) const noexcept {
  const auto found = factory_pin_.find(role);
  return found == factory_pin_.end() ? std::nullopt : std::optional(found->second);
}

PinStatus LoginState::pin_status(Token& token, PinRole role, std::chrono::milliseconds lasts) {
  const auto now = std::chrono::steady_clock::now();
  // At first the driver remembers nothing that is old.
  const bool old = ask_anew_ || (asked_at_ && now - *asked_at_ >= lasts);
  if (old) token.forget_pin_status();
  if (old || !asked_at_) asked_at_ = now;
  ask_anew_ = false;
  PinStatus status;
  try {
    status = token.pin_status(role);
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;  // a PIN without a readable status can be right
  }
  const auto wrong = wrong_pin_.find(role);
  const bool told = status.tries_left && status.tries_max;
  if (wrong == wrong_pin_.end() || told) return status;
  status.count_low = true;
  if (!status.tries_left) status.tries_left = wrong->second;
  return status;
}

}  // namespace kilt::p11
