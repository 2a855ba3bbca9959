#include "drivers/etoken/idprime/pins.h"

#include <algorithm>

#include "apdu/pin_pad.h"
#include "apdu/tlv.h"
#include "drivers/status.h"

namespace kilt::etoken::idprime {
namespace {

constexpr unsigned kMinPin = 4, kMaxPin = 16;  // bytes
constexpr std::uint32_t kPinObject = 0xA0, kTries = 0xDF21, kStored = 0xDF28, kChanged = 0xDF2F;

}  // namespace

void Pins::check_length(Byte reference, const SecureBytes& pin) {
  if (pin.empty()) throw PinLength("an empty PIN is never sent to the token");
  if (pin.size() > known(reference).stored_length)
    throw PinLength("the PIN is longer than the token takes");
}

Bytes Pins::form(Byte reference, const SecureBytes& pin, bool padded) {
  Bytes bytes;
  bytes.reserve(pin.size() + known(reference).stored_length);
  append(bytes, pin.view());
  if (padded && bytes.size() < known(reference).stored_length)
    bytes.resize(known(reference).stored_length, 0x00);
  return bytes;
}

void Pins::refuse(const char* what, StatusWord sw) {
  if (sw == sw::kWrongLength || sw == sw::kIncorrectData)
    throw PinLength("the token does not take a PIN of this length");
  throw_status(what, sw);
}

void Pins::verify(Byte reference, const SecureBytes& pin) {
  check_length(reference, pin);
  auto answer = files_->send(apdu::verify(reference, form(reference, pin, padded_)));
  if (answer.sw == sw::kWrongLength) {
    padded_ = !padded_;
    answer = files_->send(apdu::verify(reference, form(reference, pin, padded_)));
  }
  status_.erase(reference);
  if (!answer.ok()) refuse("VERIFY", answer.sw);
}

bool Pins::takes_pad() {
  return !padded_ && files_->card().connection().has_pad(apdu::PadAction::kVerify);
}

void Pins::verify_at_pad(Byte reference) {
  if (!takes_pad())
    throw NotSupported("the token takes PINs in blocks that are longer than a reader makes them");
  auto header = apdu::Command::case1(0x00, 0x20, 0x00, reference);
  header.privacy = apdu::Privacy::kSecret;
  const unsigned longest = std::min<unsigned>(known(reference).status.max_length, kMaxPin);
  const auto answer = apdu::verify_at_pad(files_->card(), header, {false, kMinPin, longest, 0, 0});
  status_.erase(reference);
  if (!answer.ok()) refuse("VERIFY", answer.sw);
}

bool Pins::unverify() {
  for (const Byte instruction : {Byte{0x20}, Byte{0x21}})
    if (files_->send(apdu::Command::case1(0x00, instruction, 0xFF, kUserPin)).ok()) return true;
  return false;
}

void Pins::change(Byte reference, const SecureBytes& old_pin, const SecureBytes& new_pin) {
  check_length(reference, old_pin);
  if (new_pin.size() < kMinPin) throw PinLength("the new PIN is shorter than the token takes");
  check_length(reference, new_pin);
  Bytes body = form(reference, old_pin, true);
  append(body, form(reference, new_pin, true));
  auto command = apdu::Command::case3(0x00, 0x24, 0x00, reference, body);
  command.privacy = apdu::Privacy::kSecret;
  const StatusWord sw = files_->send(command).sw;
  status_.erase(reference);
  if (!sw.ok()) refuse("CHANGE REFERENCE DATA", sw);
}

PinStatus Pins::status(Byte reference) { return known(reference).status; }

const Pins::Known& Pins::known(Byte reference) {
  const auto found = status_.find(reference);
  if (found != status_.end()) return found->second;
  return status_[reference] = read(reference);
}

Pins::Known Pins::read(Byte reference) {
  Known known;
  known.status.min_length = kMinPin;
  known.status.max_length = kMaxPin;
  const Bytes wanted{0xA0, 0x03, 0x83, 0x01, reference};
  const auto answer =
      files_->send(apdu::Command::case4(0x00, 0xCB, 0x00, 0xFF, wanted, apdu::kLeShortMax));
  if (answer.ok()) {
    const auto value = [&](std::uint32_t tag) {
      const auto node = tlv::find_path(answer.data, {kPinObject, tag});
      return node && !node->value.empty() ? std::optional(node->value.front()) : std::nullopt;
    };
    if (const auto tries = value(kTries)) known.status.tries_left = *tries;
    if (const auto stored = value(kStored); stored && *stored >= kMinPin && *stored <= 64)
      known.stored_length = *stored;
    if (const auto changed = value(kChanged)) known.status.factory = *changed != 0x01;
    known.status.max_length = static_cast<unsigned>(known.stored_length);
  } else {
    const auto counter = files_->send(apdu::verify_status(reference));
    if (counter.sw == sw::kAuthenticationBlocked) known.status.tries_left = 0;
    if (const auto tries = counter.sw.tries_left()) known.status.tries_left = tries;
  }
  known.status.blocked = known.status.tries_left == 0U;
  return known;
}

}  // namespace kilt::etoken::idprime
