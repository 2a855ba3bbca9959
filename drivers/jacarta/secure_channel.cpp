#include "drivers/jacarta/secure_channel.h"

#include <utility>

#include "drivers/jacarta/files.h"
#include "drivers/jacarta/laser_crypto.h"
#include "drivers/status.h"

namespace kilt::jacarta {
namespace {

constexpr Byte kOwnClass = 0x80;
constexpr Byte kChannelInstruction = 0x86;

}  // namespace

void close_security_state(apdu::Card& card) {
  expect_ok("logout", card.send(apdu::Command::case1(kOwnClass, 0x28, 0xFF, 0xFF)));
}

SecureChannel::SecureChannel(apdu::Card& card) : card_(&card), messaging_(open(card)) {}

apdu::SecureMessaging SecureChannel::open(apdu::Card& card) {
  const auto offer =
      card.send(apdu::Command::case2(kOwnClass, 0x48, 0x00, 0x80, apdu::kLeShortMax));
  if (!offer.ok())
    throw NotSupported("the token offers no secure channel, and a PIN is not sent in clear");
  const KeyAgreement agreement(parse_channel_parameters(offer.data));
  const auto answer = card.send(apdu::Command::case4(kOwnClass, kChannelInstruction, 0x00, 0x00,
                                                     agreement.public_value(), apdu::kLeShortMax));
  return apdu::SecureMessaging(
      make_suite(agreement.session_keys(expect_ok("open secure channel", answer).data)));
}

SecureChannel::~SecureChannel() { close(); }

void SecureChannel::close() noexcept {
  if (std::exchange(closed_, true)) return;
  try {
    static_cast<void>(
        card_->send(apdu::Command::case1(kOwnClass, kChannelInstruction, 0xFF, 0xFF)));
  } catch (const std::exception&) {
    return;  // the card is gone, and the channel with it
  }
}

apdu::Response SecureChannel::send(const apdu::Command& plain) {
  try {
    return messaging_.send(*card_, plain);
  } catch (const apdu::ChannelBroken&) {
    close();
    close_security_state(*card_);
    throw;
  }
}

void SecureChannel::select(const FilePath& path) {
  expect_ok("SELECT", send(select_command(path, false)));
}

}  // namespace kilt::jacarta
