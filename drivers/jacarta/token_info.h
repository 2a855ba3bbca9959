// The file 3000/C000, where the applet's PKCS#11 software keeps what C_GetTokenInfo shows (sheet,
// section 9.1), and the counters of 3003/4001 by which programs notice each
// other's changes (sheet, section 9.2).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "apdu/bytes.h"
#include "drivers/jacarta/files.h"

namespace kilt::jacarta {

/// 161 bytes on the token; what is not named here stays as it was.
class TokenInfoFile {
 public:
  static constexpr std::size_t kSize = 161;
  /// The user PIN has been set (PKCS#11's flag of that name).
  static constexpr std::uint32_t kUserPinSet = 0x08;

  std::string label, manufacturer, model, serial;  ///< trailing blanks cut
  std::uint32_t flags = 0;
  unsigned hardware_major = 0, hardware_minor = 0, firmware_major = 0, firmware_minor = 0;

  /// Throws MalformedAnswer if there are fewer than 160 bytes.
  static TokenInfoFile parse(BytesView file);
  /// A new token's file; `time` is YYYYMMDDhhmmssZ.
  [[nodiscard]] Bytes encode(const std::string& time) const;
  /// The file with the flag set, everything else as it is.
  [[nodiscard]] static Bytes with_user_pin_set(Bytes file);
};

/// Reads the file. Throws ObjectNotFound on a token that was never set up.
[[nodiscard]] Bytes read_token_info(Files& files);

/// Number of changes so far, of containers and of files, each modulo 65536.
struct ChangeCounters {
  std::uint16_t containers = 0, files = 0;

  bool operator==(const ChangeCounters&) const noexcept = default;
  /// Both, little-endian: as an object's stamp and as they lie on the token.
  [[nodiscard]] std::array<Byte, 4> stamp() const noexcept;
};

/// One SELECT, one READ. Throws ObjectNotFound.
[[nodiscard]] ChangeCounters read_counters(Files& files);
/// Both plus one: goes before the change of one object. Answers the new values.
ChangeCounters raise_counters(Files& files, ChangeCounters now);
/// A PIN has changed: programs that keep PINs notice by this byte.
void raise_pin_freshness(Files& files);

/// Places.
inline const FilePath kPublicDirectory{0x3000, 0x3001}, kPrivateDirectory{0x3000, 0x3002},
    kTokenInfoPath{0x3000, 0xC000}, kCountersPath{0x3000, 0x3003, 0x4001},
    kCardIdPath{0x3000, 0x3003, 0x4000};

/// `id` in that directory.
[[nodiscard]] FilePath in_directory(const FilePath& directory, FileId id);

}  // namespace kilt::jacarta
