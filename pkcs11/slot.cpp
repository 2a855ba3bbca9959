#include "pkcs11/slot.h"

#include <algorithm>

#include <fmt/format.h>

#include "drivers/registry.h"
#include "pkcs11/log.h"

namespace kilt::p11 {

Slot::Held::Held(Slot& slot) : slot_(&slot) {
  slot.bind();
  if (slot.held_ == 0) {
    try {
      transaction_.emplace(*slot.card_);
    } catch (const CardReset&) {
      slot.after_reset();
      transaction_.emplace(*slot.card_);
    }
  }
  ++slot.held_;
  try {
    slot.check_identity();
  } catch (...) {
    --slot.held_;
    throw;
  }
}

Slot::Held::~Held() { --slot_->held_; }

void Slot::observe(const apdu::ReaderState& state) {
  const bool exchanged = state.event_count != state_.event_count || !state.card_present;
  if (card_ && exchanged) lose_card();
  if (exchanged) unrecognized_event_.reset();
  state_ = state;
  present_ = state.card_present;
}

void Slot::refresh() {
  const auto states = transport_->readers();
  const auto found = std::ranges::find(states, reader_, &apdu::ReaderState::name);
  apdu::ReaderState gone;
  gone.name = reader_;
  observe(found == states.end() ? gone : *found);
}

void Slot::bind() {
  if (token_) return;
  if (!state_.card_present) refresh();
  refuse_if(!state_.card_present, CKR_TOKEN_NOT_PRESENT);
  if (unrecognized_event_ == state_.event_count) throw TokenNotRecognized(unrecognized_why_);
  looked_at_ = std::chrono::steady_clock::now();
  try {
    card_ = std::make_unique<apdu::Card>(transport_->connect(reader_));
    const apdu::Transaction transaction(*card_);
    profile_ = environment_->profiles.match(card_->atr());
    token_ = open_token(*card_, environment_->profiles);
    if (profile_ == nullptr) profile_ = environment_->profiles.find(token_->profile_name());
    identity_ = token_->identity();
  } catch (const TokenNotRecognized& error) {
    log_line(
        fmt::format("the card in '{}', ATR {}: {}", reader_, to_hex(state_.atr), error.what()));
    unrecognized_event_ = state_.event_count;
    unrecognized_why_ = error.what();
    disconnect();
    throw;
  } catch (...) {
    disconnect();
    throw;
  }
}

// After a reset the card in the reader might be another one of the same kind.
void Slot::check_identity() {
  if (!identity_doubtful_) return;
  identity_doubtful_ = false;
  if (!equal(token_->identity(), identity_)) throw CardRemoved("another token was put in");
}

void Slot::after_reset() noexcept {
  login_.reset();
  identity_doubtful_ = true;
  if (token_) token_->reset_state();
  forget_private_objects();
}

void Slot::lose_card() noexcept {
  disconnect();
  ++epoch_;
  state_.card_present = false;
  present_ = false;
  sessions_ = rw_sessions_ = 0;
  login_.reset();
  factory_pin_.clear();
  wrong_pin_.clear();
  objects_.clear();
  handles_.clear();
  status_handle_.reset();
  odd_.clear();
  last_reason_.clear();
  list_generation_.reset();
  unrecognized_event_.reset();
}

void Slot::disconnect() noexcept {
  token_.reset();
  card_.reset();
  profile_ = nullptr;
  capabilities_.reset();
  identity_.clear();
  identity_doubtful_ = false;
}

void Slot::abandon() noexcept {
  if (card_) card_->connection().abandon();
}

const Capabilities& Slot::capabilities() {
  if (!capabilities_)
    capabilities_ = with_token(Repeat::kOnce, [](Token& token) { return token.capabilities(); });
  return *capabilities_;
}

void Slot::verify_pin(PinRole role, const SecureBytes& pin) {
  send_pin(role, [&](Token& token) { token.login(role, pin); });
}

void Slot::verify_pin_at_pad(PinRole role) {
  require_pad();
  send_pin(role, [&](Token& token) { token.login_at_pad(role); });
}

void Slot::require_pad() {
  const bool pad = with_token(Repeat::kOnce, [&](Token& token) {
    return card_->connection().has_pad(apdu::PadAction::kVerify) && token.info().pin_pad;
  });
  if (!pad) throw Refusal(CKR_ARGUMENTS_BAD, "the PIN cannot be typed at this reader");
}

void Slot::send_pin(PinRole role, const std::function<void(Token&)>& send) {
  comparing(role, [&](Token& token) {
    if (!environment_->config.allow_last_try) {
      const PinStatus status = token.pin_status(role);
      // pin.allow_last_try = false: never the last try, and never one of an unknown number
      if (!status.tries_left || *status.tries_left <= 1) throw PinBlocked();
    }
    send(token);
  });
}

void Slot::log_in(PinRole role, const SecureBytes& pin) {
  verify_pin(role, pin);
  login_ = role;
  pin_changed(role, pin);
  if (factory_pin(role))
    log_line(
        fmt::format("the {} PIN of the token in '{}' is the factory's, known to everybody: "
                    "change it (kilt pin change)",
                    role == PinRole::kUser ? "user" : "SO", reader_));
  if (role == PinRole::kUser) objects_changed();
}

void Slot::log_in_at_pad(PinRole role) {
  verify_pin_at_pad(role);
  login_ = role;
  factory_pin_.erase(role);  // nobody here has seen it
  if (role == PinRole::kUser) objects_changed();
}

void Slot::change_pin_at_pad(PinRole role) {
  require_pad();
  send_new_pin(role, [&](Token& token) { token.change_pin_at_pad(role); });
  factory_pin_.erase(role);
}

void Slot::change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) {
  send_new_pin(role, [&](Token& token) { token.change_pin(role, old_pin, new_pin); });
  pin_changed(role, new_pin);
}

void Slot::send_new_pin(PinRole role, const std::function<void(Token&)>& send) {
  const auto refused = [&] {
    // Some cards drop the login with the comparison: after it, nobody is logged in on any.
    if (login_) log_out();
  };
  try {
    comparing(role, send);
  } catch (const WrongPin&) {
    refused();
    throw;
  } catch (const PinBlocked&) {
    refused();
    throw;
  }
}

PinStatus Slot::pin_status(Token& token, PinRole role) const {
  PinStatus status = token.pin_status(role);
  const auto wrong = wrong_pin_.find(role);
  const bool told = status.tries_left && status.tries_max;
  if (wrong == wrong_pin_.end() || told) return status;
  status.count_low = true;
  if (!status.tries_left) status.tries_left = wrong->second;
  return status;
}

void Slot::pin_changed(PinRole role, const SecureBytes& pin) {
  wrong_pin_.erase(role);
  factory_pin_[role] = profile_ != nullptr && profile_->is_factory_pin(role, pin.view());
}

void Slot::token_formatted() {
  login_.reset();
  factory_pin_.clear();
  wrong_pin_.clear();
  objects_.clear();
  handles_.clear();
  list_generation_.reset();
}

void Slot::log_out() {
  login_.reset();
  forget_private_objects();
  if (environment_->config.logout == Config::Logout::kOwn) return;
  with_token(Repeat::kOnce, [](Token& token) { token.logout(); });
}

bool Slot::factory_pin(PinRole role) const noexcept {
  const auto found = factory_pin_.find(role);
  return found != factory_pin_.end() && found->second;
}

void Slot::check_pin_policy() const {
  if (environment_->config.default_pin == Config::DefaultPin::kRefuse &&
      factory_pin(PinRole::kUser))
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
