#include "drivers/random_pin.h"

#include "drivers/status.h"

namespace kilt {

SecureBytes random_pin(apdu::Card& card, std::size_t size) {
  auto challenge = apdu::get_challenge(apdu::Le{static_cast<std::uint32_t>(size)});
  challenge.privacy = apdu::Privacy::kSecret;
  const auto answer = card.send(challenge);
  expect_ok("GET CHALLENGE", answer);
  if (answer.data.size() != size) throw MalformedAnswer("GET CHALLENGE brought too few bytes");
  Bytes digits = answer.data;
  for (Byte& digit : digits) digit = static_cast<Byte>('0' + digit % 10);
  return SecureBytes(std::move(digits));
}

}  // namespace kilt
