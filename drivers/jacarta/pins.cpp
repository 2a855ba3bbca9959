#include "drivers/jacarta/pins.h"

#include "apdu/tlv.h"
#include "drivers/jacarta/laser_crypto.h"
#include "drivers/jacarta/secure_channel.h"
#include "drivers/new_pin.h"
#include "drivers/status.h"

namespace kilt::jacarta {
namespace {

constexpr Byte kOwnClass = 0x80;

[[noreturn]] void throw_verify(StatusWord sw) {
  if (sw.tries_left() == 0U) throw PinBlocked();
  if (sw == sw::kAuthenticationFailed) throw WrongPin(std::nullopt);
  if (sw == sw::kReferenceDataNotUsable) throw PinBlocked();
  throw_pin_status("VERIFY", sw);
}

}  // namespace

Bytes encode_new_pin(const SecureBytes& pin) {
  return tlv::encode(0x62, tlv::encode(0x81, pin.view()));
}

void Pins::verify(PinRole role, const SecureBytes& pin) {
  if (pin.size() > kMaxPin) throw PinLength("the PIN is longer than the token takes");
  files_->select({pin_object(role)});
  auto ask = apdu::get_challenge(apdu::Le{kChallengeSize});
  const auto challenge = files_->card().send(ask);
  if (expect_ok("GET CHALLENGE", challenge).data.size() != kChallengeSize)
    throw MalformedAnswer("the token's challenge has a wrong length");
  auto command =
      apdu::Command::case3(kOwnClass, 0x20, 0x00, 0x00,
                           pin_cryptogram(pin.view(), host_random(kChallengeSize), challenge.data));
  command.privacy = apdu::Privacy::kSecret;
  const auto answer = files_->card().send(command);
  status_.erase(role);
  if (!answer.ok()) throw_verify(answer.sw);
  logged_in_ = role;
}

void Pins::verify_transport(FileId object, BytesView pin) {
  const auto properties = parse_pin_properties(files_->fcp({object}).properties);
  // Its value is public, but a token may have another: never its last try.
  if (!properties || properties->tries_left.value_or(0) < 2) throw PinBlocked();
  auto command = apdu::Command::case3(0x00, 0x20, 0x00, 0x00, pin);
  command.privacy = apdu::Privacy::kSecret;
  const auto answer = files_->card().send(command);
  if (!answer.ok()) throw_verify(answer.sw);
}

void Pins::logout() {
  const auto role = logged_in_;
  forget();
  if (!role) {
    close_security_state(files_->card());
    return;
  }
  // One object: 00, level 00, its id.
  Bytes object{0x00, 0x00};
  append(object, write_be(pin_object(*role), 2));
  expect_ok("logout",
            files_->card().send(apdu::Command::case3(kOwnClass, 0x28, 0x00, 0x00, object)));
}

void Pins::change(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin,
                  const std::function<void()>& done) {
  check_new_pin(status(role), new_pin);
  const auto before = logged_in_;
  verify(role, old_pin);
  set_value(role, new_pin, false);
  done();
  if (!before) logout();
}

void Pins::unblock_user_pin(const SecureBytes& new_pin) {
  check_new_pin(status(PinRole::kUser), new_pin);
  set_value(PinRole::kUser, new_pin, true);
}

void Pins::set_value(PinRole role, const SecureBytes& new_pin, bool reset_counter) {
  const FilePath path{pin_object(role)};
  status_.erase(role);
  try {
    SecureChannel channel(files_->card());
    channel.select(path);
    if (reset_counter)
      expect_ok("reset retry counter",
                channel.send(apdu::Command::case1(kOwnClass, 0x2C, 0x00, 0x00)));
    auto command = apdu::Command::case3(kOwnClass, 0x24, 0x00, 0x00, encode_new_pin(new_pin));
    command.privacy = apdu::Privacy::kSecret;
    const auto answer = channel.send(command);
    if (answer.sw == sw::kIncorrectData || answer.sw == sw::kWrongLength)
      throw PinLength("the token does not take this PIN: its length or its characters");
    expect_ok("change PIN", answer);
  } catch (const apdu::ChannelBroken&) {
    forget();
    throw;
  }
}

PinStatus Pins::status(PinRole role) {
  const auto known = status_.find(role);
  if (known != status_.end()) return known->second;
  return status_[role] = read_status(role);
}

PinStatus Pins::read_status(PinRole role) {
  PinStatus status;
  status.min_length = kMinPin;
  status.max_length = kMaxPin;
  try {
    const Fcp fcp = files_->fcp({pin_object(role)});
    const auto pin = parse_pin_properties(fcp.properties);
    if (!pin) return status;
    status.min_length = pin->min_length;
    status.max_length = pin->max_length;
    if (pin->tries_max != 0) {
      status.tries_max = pin->tries_max;
      status.tries_left = pin->tries_left;
      status.blocked = pin->tries_left == 0U;
    }
  } catch (const ObjectNotFound&) {
    status.initialized = false;
  }
  return status;
}

}  // namespace kilt::jacarta
