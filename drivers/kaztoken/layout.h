// Where a Kaztoken keeps its PKCS#15 application: the places that OpenSC's profile for this
// platform uses, so that both programs manage the same token (kaztoken sheet, section 12).
#pragma once

#include "drivers/pkcs15/editor.h"

namespace kilt::kaztoken {

[[nodiscard]] inline pkcs15::Layout layout() {
  using Kind = pkcs15::DirectoryKind;
  pkcs15::Layout layout;
  layout.base = {0x50, 0x00};
  layout.directories = {{Kind::kPrivateKeys, 0x6002},
                        {Kind::kPublicKeys, 0x6001},
                        {Kind::kCertificates, 0x6004},
                        {Kind::kData, 0x6006},
                        {Kind::kAuthObjects, 0x6005}};
  return layout;
}

/// First file ids of the values of each kind.
inline constexpr std::uint16_t kPublicKeyFiles = 0x0200;
inline constexpr std::uint16_t kCertificateFiles = 0x0300;
inline constexpr std::uint16_t kDataFiles = 0x0400;
inline constexpr std::uint16_t kPrivateDataFiles = 0x0500;

/// AODF's names of the two PINs.
inline constexpr Byte kSoAuthId = 0x01;
inline constexpr Byte kUserAuthId = 0x02;

/// issuerId of a token whose user PIN nobody has set yet.
inline constexpr const char* kNoUserPin = "user PIN not set";

}  // namespace kilt::kaztoken
