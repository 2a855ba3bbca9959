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

namespace {

/// Of the PIN's description, which is a help, not a need.
std::optional<tlv::Node> find(BytesView description, std::uint32_t tag) {
  try {
    return tlv::find_path(description, {kPinObject, tag});
  } catch (const MalformedAnswer&) {
    return std::nullopt;
  }
}

}  // namespace

void Pins::check_length(Byte reference, const SecureBytes& pin) {
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
  throw_pin_status(what, sw);
}

void Pins::verify(Byte reference, const PinInput& pin) {
  const auto answer =
      pin.is_at_reader() ? ask_at_reader(reference) : send_verify(reference, pin.typed());
  status_.erase(reference);
  if (!answer.ok()) refuse("VERIFY", answer.sw);
}

apdu::Response Pins::send_verify(Byte reference, const SecureBytes& pin) {
  check_length(reference, pin);
  const auto answer = files_->send(apdu::verify(reference, form(reference, pin, padded_)));
  // One VERIFY for one PIN given (decision 9): the other form waits until it is given again.
  if (answer.sw == sw::kWrongLength) {
    padded_ = !padded_;
    throw PinLength(
        "the token has compared nothing, because it takes PINs in another form: give the PIN "
        "again");
  }
  return answer;
}

bool Pins::takes_pad() {
  return !padded_ && files_->card().connection().has_pad(apdu::PadAction::kVerify);
}

apdu::Response Pins::ask_at_reader(Byte reference) {
  if (!takes_pad())
    throw NotSupported("the token takes PINs in blocks that are longer than a reader makes them");
  auto header = apdu::Command::case1(0x00, 0x20, 0x00, reference);
  header.privacy = apdu::Privacy::kSecret;
  const unsigned longest = std::min<unsigned>(known(reference).status.max_length, kMaxPin);
  return apdu::verify_at_pad(files_->card(), header, {false, kMinPin, longest, 0, 0});
}

void Pins::unverify() {
  if (files_->send(apdu::Command::case1(0x00, 0x20, 0xFF, kUserPin)).ok()) return;
  expect_ok("logout", files_->send(apdu::Command::case1(0x00, 0x21, 0xFF, kUserPin)));
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
      const auto node = find(answer.data, tag);
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
