#include "pkcs11/slot/reader_slot.h"

#include <algorithm>

#include <fmt/format.h>

#include "drivers/serial_number.h"
#include "pkcs11/log.h"

namespace kilt::p11 {

ReaderSlot::Held::Held(ReaderSlot& slot) : slot_(&slot) {
  slot.bind();
  if (slot.held_ == 0) {
    try {
      operation_.emplace(*slot.opened_);
    } catch (const CardReset&) {
      slot.after_reset();
      operation_.emplace(*slot.opened_);
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

ReaderSlot::Held::~Held() { --slot_->held_; }

void ReaderSlot::observe(const apdu::ReaderState& state) {
  const bool exchanged = state.event_count != state_.event_count || !state.card_present;
  if (opened_ && exchanged) lose_card();
  if (exchanged) unrecognized_event_.reset();
  state_ = state;
  present_ = state.card_present;
}

void ReaderSlot::refresh() {
  const auto states = source_->readers();
  const auto found = std::ranges::find(states, reader_, &apdu::ReaderState::name);
  apdu::ReaderState gone;
  gone.name = reader_;
  observe(found == states.end() ? gone : *found);
}

void ReaderSlot::bind() {
  if (opened_) return;
  if (!state_.card_present) refresh();
  refuse_if(!state_.card_present, CKR_TOKEN_NOT_PRESENT);
  if (unrecognized_event_ == state_.event_count) throw TokenNotRecognized(unrecognized_why_);
  bound_at_ = std::chrono::steady_clock::now();
  try {
    opened_ = source_->open(reader_);
    const TokenOperation operation(*opened_);
    identity_ = identity_if_told(opened_->token());
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
void ReaderSlot::check_identity() {
  if (!identity_doubtful_) return;
  if (identity_.empty()) throw CardRemoved("the token does not tell whether it is still the same");
  if (!equal(opened_->token().identity(), identity_)) throw CardRemoved("another token was put in");
  identity_doubtful_ = false;  // only now: an answer that failed proves nothing
}

void ReaderSlot::after_reset() noexcept {
  identity_doubtful_ = true;
  if (opened_) opened_->token().reset_state();
  card_reset();
}

void ReaderSlot::lose_card() noexcept {
  disconnect();
  ++epoch_;
  state_.card_present = false;
  present_ = false;
  unrecognized_event_.reset();
  card_lost();
}

void ReaderSlot::disconnect() noexcept {
  opened_.reset();
  capabilities_.reset();
  identity_.clear();
  identity_doubtful_ = false;
}

void ReaderSlot::abandon() noexcept {
  if (opened_) opened_->abandon();
}

const Capabilities& ReaderSlot::capabilities() {
  if (!capabilities_)
    capabilities_ = with_token(Repeat::kOnce, [](Token& token) { return token.capabilities(); });
  return *capabilities_;
}

}  // namespace kilt::p11
