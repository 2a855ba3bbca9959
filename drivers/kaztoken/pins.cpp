#include "drivers/kaztoken/pins.h"

#include "apdu/pin_pad.h"
#include "drivers/kaztoken/files.h"
#include "drivers/kaztoken/keys.h"
#include "drivers/new_pin.h"
#include "drivers/status.h"

namespace kilt::kaztoken {
namespace {

constexpr StatusWord kWrongPin{0x6300};         // carries no counter on this platform
constexpr StatusWord kAlreadyLoggedIn{0x6F86};  // by this or another PIN
constexpr StatusWord kPinTooShort{0x6F89};
// The vendor's header allows 32; firmware of the 3.0 generation reports 249.
constexpr unsigned kMaxPin = 249;
constexpr unsigned kMinUserPin = 6;
constexpr unsigned kMaxPadPin = 16;  // digits; readers take no more

Byte reference(PinRole role) { return role == PinRole::kSo ? 1 : 2; }

}  // namespace

StatusWord Pins::send_verify(PinRole role, const SecureBytes& pin) {
  if (pin.size() > kMaxPin) throw PinLength("the PIN is longer than the token takes");
  const auto command = apdu::verify(reference(role), pin.view());
  auto answer = card_->send(command);
  if (answer.sw == kAlreadyLoggedIn) {
    logout();
    answer = card_->send(command);
  }
  return answer.sw;
}

StatusWord Pins::ask_at_reader(PinRole role) {
  // Nobody shall type a PIN twice because the token answers 6F86 to the first: whoever is logged in
  // is logged out before.
  if (logged_in_ || card_->send(apdu::verify_status(reference(role))).ok()) logout();
  auto header = apdu::Command::case1(0x00, 0x20, 0x00, reference(role));
  header.privacy = apdu::Privacy::kSecret;
  const apdu::PadFormat format{false, status(role).min_length, kMaxPadPin, 0, 0};
  return apdu::verify_at_pad(*card_, header, format).sw;
}

void Pins::verify(PinRole role, const PinInput& pin) {
  const StatusWord sw = pin.is_at_reader() ? ask_at_reader(role) : send_verify(role, pin.typed());
  // The right PIN takes no try away: a full counter stays full.
  const auto known = status_.find(role);
  const bool full = known != status_.end() && known->second.tries_left &&
                    known->second.tries_left == known->second.tries_max;
  if (!sw.ok() || !full) status_.erase(role);
  if (sw.ok()) {
    logged_in_ = role;
    return;
  }
  if (sw == kWrongPin) throw WrongPin(tries_left(role));
  if (sw == kPinTooShort) throw PinLength("the PIN is shorter than the token takes");
  throw_pin_status("VERIFY", sw);
}

void Pins::logout() {
  logged_in_.reset();
  status_.clear();
  expect_ok("logout", card_->send(apdu::Command::case1(0x80, 0x40, 0x00, 0x00)));
}

void Pins::change(PinRole role, const PinInput& old_pin, const PinInput& new_pin) {
  if (new_pin.is_at_reader())
    throw NotSupported(
        "the token wants the new PIN's length in places that a reader does not fill in: change the "
        "PIN on the computer");
  check_new_pin(status(role), new_pin.typed());
  const bool was_logged_in = logged_in_.has_value();
  verify(role, old_pin);
  set(role, new_pin.typed());
  if (!was_logged_in) logout();
}

void Pins::set_user_pin(const SecureBytes& new_pin) {
  check_new_pin(status(PinRole::kUser), new_pin);
  // RESET RETRY COUNTER, no data: the counter of PIN 2.
  expect_ok("RESET RETRY COUNTER",
            card_->send(apdu::Command::case1(0x00, 0x2C, 0x03, reference(PinRole::kUser))));
  set(PinRole::kUser, new_pin);
}

void Pins::set(PinRole role, const SecureBytes& new_pin) {
  status_.erase(role);
  const StatusWord sw = change_reference_data(*card_, reference(role), new_pin.view());
  if (sw == kPinTooShort || sw == sw::kIncorrectData || sw == sw::kWrongLength)
    throw PinLength("the token does not take a PIN of this length");
  if (sw != sw::kOk) throw_pin_status("CHANGE REFERENCE DATA", sw);
}

PinStatus Pins::status(PinRole role) {
  const auto known = status_.find(role);
  if (known != status_.end()) return known->second;
  return status_[role] = read_status(role);
}

PinStatus Pins::read_status(PinRole role) {
  if (const auto status = status_by_object(role)) return *status;
  return status_by_empty_verify(role);
}

// GET DATA 0101/0102: the PIN object's own FCP, with minimum length, tries and their maximum.
std::optional<PinStatus> Pins::status_by_object(PinRole role) {
  if (!has_pin_objects_) return std::nullopt;
  const auto answer = card_->send(
      apdu::get_data(static_cast<std::uint16_t>(0x0100 | reference(role)), apdu::kLeShortMax));
  if (!answer.ok()) {
    has_pin_objects_ = false;
    return std::nullopt;
  }
  Fci fci;
  try {
    fci = parse_fci(answer.data);
  } catch (const MalformedAnswer&) {
    return std::nullopt;  // the counter can be read in another way, too
  }
  if (!fci.rsf || fci.rsf->tries_max == 0) return std::nullopt;
  PinStatus status;
  status.tries_left = fci.rsf->tries_left;
  status.tries_max = fci.rsf->tries_max;
  status.blocked = fci.rsf->tries_left == 0;
  status.min_length = fci.rsf->option;
  status.max_length = kMaxPin;
  return status;
}

PinStatus Pins::status_by_empty_verify(PinRole role) {
  PinStatus status;
  status.min_length = kMinUserPin;
  status.max_length = kMaxPin;
  const auto answer = card_->send(apdu::verify_status(reference(role)));
  if (answer.sw == sw::kFileNotFound || answer.sw == sw::kReferencedDataNotFound)
    status.initialized = false;
  status.blocked = answer.sw == sw::kAuthenticationBlocked;
  status.tries_left = status.blocked ? 0 : answer.sw.tries_left();
  status.blocked = status.blocked || status.tries_left == 0U;
  return status;
}

std::optional<unsigned> Pins::tries_left(PinRole role) {
  const auto answer = card_->send(apdu::verify_status(reference(role)));
  if (answer.sw == sw::kAuthenticationBlocked) return 0;
  return answer.sw.tries_left();
}

}  // namespace kilt::kaztoken
