#include "drivers/jacarta/channel.h"

#include <utility>

#include "drivers/jacarta/file_system.h"
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

Channel::Channel(apdu::Card& card) : card_(&card), messaging_(open(card)) {}

apdu::SecureMessaging Channel::open(apdu::Card& card) {
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

Channel::~Channel() { close(); }

void Channel::close() noexcept {
  if (std::exchange(closed_, true)) return;
  try {
    static_cast<void>(
        card_->send(apdu::Command::case1(kOwnClass, kChannelInstruction, 0xFF, 0xFF)));
  } catch (const std::exception&) {
    return;  // the card is gone, and the channel with it
  }
}

apdu::Response Channel::send(const apdu::Command& plain) {
  try {
    return messaging_.send(*card_, plain);
  } catch (const apdu::ChannelBroken&) {
    close();
    close_security_state(*card_);
    throw;
  }
}

void Channel::select(const FilePath& path) {
  expect_ok("SELECT", send(select_command(path, false)));
}

}  // namespace kilt::jacarta
