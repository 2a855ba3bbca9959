// Where things lie on AKEYSIM.
#pragma once

#include <cstdint>

#include "tests/virtual/card.h"

namespace kilt::vtoken::akey {

constexpr std::uint16_t kEfDir = 0x2F00, kOdf = 0x5031, kTokenInfo = 0x5032;
constexpr std::uint16_t kPins = 0x4401, kPrivateKeys = 0x4402, kPublicKeys = 0x4403,
                        kCertificates = 0x4404, kTrusted = 0x4405;
constexpr std::uint16_t kKeyFiles = 0x4100, kPublicFiles = 0x4200, kCertificateFiles = 0x4300,
                        kAuthorityFile = 0x4311, kOneFile = 0x43FF, kMissing = 0x4399;
constexpr unsigned kContainers = 4, kFilled = 2;  ///< AUTH, SIGN and a free pair for renewal

/// PKCS#15's own application identifier.
inline const Bytes& pkcs15_name() {
  static const Bytes name{0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5'};
  return name;
}
/// Ours, in the range that nobody registers.
inline const Bytes& own_name() {
  static const Bytes name{0xF0, 'A', 'K', 'E', 'Y', 'S', 'I', 'M'};
  return name;
}

}  // namespace kilt::vtoken::akey
