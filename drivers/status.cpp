#include "drivers/status.h"

#include <string>

namespace kilt {

void throw_pin_status(const char* what, StatusWord sw) {
  if (const auto tries = sw.tries_left()) throw WrongPin(*tries);
  if (sw == sw::kAuthenticationBlocked) throw PinBlocked();
  throw_status(what, sw);
}

void throw_status(const char* what, StatusWord sw) {
  if (sw == sw::kSecurityStatusNotSatisfied) throw NotLoggedIn();
  if (sw == sw::kFileNotFound || sw == sw::kReferencedDataNotFound)
    throw ObjectNotFound(std::string(what) + ": not on the token");
  if (sw == sw::kNotEnoughMemory) throw TokenFull();
  if (sw == sw::kInsNotSupported || sw == sw::kClaNotSupported)
    throw NotSupported(std::string("the token does not know the command ") + what);
  throw CardFault(what, sw);
}

bool is_passing_trouble(StatusWord sw) noexcept {
  constexpr Byte kExecution = 0x64, kMemory = 0x65, kUnknown = 0x6F;
  return sw.sw1() == kExecution || sw.sw1() == kMemory || sw.sw1() == kUnknown;
}

const apdu::Response& expect_ok(const char* what, const apdu::Response& answer) {
  if (!answer.ok()) throw_status(what, answer.sw);
  return answer;
}

}  // namespace kilt
