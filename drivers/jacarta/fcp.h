// What the Laser applet answers about files: the FCP of SELECT, access rules, key object
// properties, and the directory listing of INS 30 (sheet, sections 3 to 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apdu/bytes.h"
#include "drivers/file_path.h"

namespace kilt::jacarta {

/// Tag 87, and P1 of CREATE and of the listing.
enum class FileType : Byte { kEf = 0x01, kKeyObject = 0x08, kDirectory = 0x38 };

/// Who may do one operation, and whether the exchange must be wrapped.
struct AccessRule {
  std::uint16_t value = 0;

  /// The key object below the MF that must have been verified; 00 none, FF never.
  [[nodiscard]] constexpr Byte key_object() const noexcept {
    return static_cast<Byte>(value & 0xFF);
  }
  [[nodiscard]] constexpr bool always() const noexcept { return key_object() == 0x00; }
  [[nodiscard]] constexpr bool never() const noexcept { return key_object() == 0xFF; }
  /// Command or answer must be wrapped.
  [[nodiscard]] constexpr bool wrapped() const noexcept { return (value & 0xC000) != 0; }
  constexpr bool operator==(const AccessRule&) const noexcept = default;
};

/// Index into Fcp::rules.
namespace directory_rule {
inline constexpr std::size_t kCreate = 0, kCreateDirectory = 1, kDelete = 3;
}

struct Fcp {
  FileId id = 0;
  Byte type = 0;         ///< FileType, or something else
  std::size_t size = 0;  ///< EF: bytes; RSA key object: modulus bytes
  std::string name;      ///< tag 84
  Bytes properties;      ///< tag 85 of a key object
  std::vector<AccessRule> rules;

  /// Rule number `index`; nothing if the card gave fewer.
  [[nodiscard]] std::optional<AccessRule> rule(std::size_t index) const;
};

/// Reads a 62 or 6F template; order and further tags do not matter. Throws MalformedAnswer.
[[nodiscard]] Fcp parse_fcp(BytesView answer);

/// Tag 85 of a PIN object.
struct PinProperties {
  std::optional<unsigned> tries_left;
  unsigned tries_max = 0;
  unsigned min_length = 4, max_length = 16;  ///< bytes
};

/// Nothing if the object is no PIN.
[[nodiscard]] std::optional<PinProperties> parse_pin_properties(BytesView properties);

struct ListEntry {
  FileId id = 0;
  std::string name;
};

struct Listing {
  std::vector<ListEntry> entries;
  /// As many as the card counts; false: the answer was cut (how a long one goes on is not known).
  bool complete = true;
};

/// D1 02 count, then D2 L id [name] for each file. Throws MalformedAnswer.
[[nodiscard]] Listing parse_listing(BytesView answer);

}  // namespace kilt::jacarta
