// Where a Kaztoken keeps its PKCS#15 application: the places that OpenSC's profile for this
// platform uses, so that both programs manage the same token (kaztoken sheet, section 12).
#pragma once

#include "drivers/pkcs15/writer.h"

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

/// AODF's names of the two PINs.
inline constexpr Byte kSoAuthId = 0x01;
inline constexpr Byte kUserAuthId = 0x02;

[[nodiscard]] inline pkcs15::FileAllocation file_allocation() {
  return {layout(), 0x0200, 0x0300, 0x0400, 0x0500, {kUserAuthId}};
}

/// issuerId of a token whose user PIN is not set yet.
inline constexpr const char* kNoUserPin = "user PIN not set";

}  // namespace kilt::kaztoken
