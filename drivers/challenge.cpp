#include "drivers/challenge.h"

#include <algorithm>

#include "drivers/status.h"

namespace kilt {

Bytes random_bytes(apdu::Card& card, std::size_t size, std::size_t block) {
  constexpr std::size_t kMaxRandom = 65536;
  if (size > kMaxRandom) throw InvalidData("too many random bytes at once");
  Bytes bytes;
  while (bytes.size() < size) {
    const auto wanted = std::min(block, size - bytes.size());
    const auto answer =
        card.send(apdu::get_challenge(apdu::Le{static_cast<std::uint32_t>(wanted)}));
    expect_ok("GET CHALLENGE", answer);
    if (answer.data.empty() || answer.data.size() > wanted)
      throw MalformedAnswer("GET CHALLENGE brought no or too many bytes");
    append(bytes, answer.data);
  }
  return bytes;
}

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
