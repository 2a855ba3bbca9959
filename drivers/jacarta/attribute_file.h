// Object files of the Laser applet's PKCS#11 software: a packed list of attributes (sheet,
// section 8.3; every byte checked on published recordings of a real card).
//
//   state | id high twice | id low | length BE16 | count | attributes | stamp of 4 bytes
//   attribute = type BE16 | flags | length BE16 | value | FF bytes that reserve room
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apdu/bytes.h"
#include "drivers/jacarta/fcp.h"

namespace kilt::jacarta {

/// Types: the low 16 bits of PKCS#11's attribute types.
namespace attribute {
inline constexpr std::uint16_t kClass = 0x0000, kToken = 0x0001, kPrivate = 0x0002, kLabel = 0x0003,
                               kApplication = 0x0010, kValue = 0x0011, kObjectId = 0x0012,
                               kCertificateType = 0x0080, kIssuer = 0x0081, kSerialNumber = 0x0082,
                               kTrusted = 0x0086, kKeyType = 0x0100, kSubject = 0x0101,
                               kId = 0x0102, kSensitive = 0x0103, kEncrypt = 0x0104,
                               kDecrypt = 0x0105, kWrap = 0x0106, kUnwrap = 0x0107, kSign = 0x0108,
                               kSignRecover = 0x0109, kVerify = 0x010A, kVerifyRecover = 0x010B,
                               kDerive = 0x010C, kStartDate = 0x0110, kEndDate = 0x0111,
                               kModulus = 0x0120, kModulusBits = 0x0121, kPublicExponent = 0x0122,
                               kExtractable = 0x0162, kLocal = 0x0163, kNeverExtractable = 0x0164,
                               kAlwaysSensitive = 0x0165, kKeyGenMechanism = 0x0166,
                               kModifiable = 0x0170, kAlwaysAuthenticate = 0x0202,
                               kVendorFlag = 0x8010, kHash = 0x8013;
}  // namespace attribute

/// PKCS#11's object classes, as attribute 0000 has them.
enum class ObjectClass : std::uint32_t {
  kData = 0,
  kCertificate = 1,
  kPublicKey = 2,
  kPrivateKey = 3,
  kSecretKey = 4,
};

struct Attribute {
  std::uint16_t type = 0;
  Byte flags = 0;
  Bytes value;
  std::size_t room = 0;  ///< FF bytes behind the value

  bool operator==(const Attribute&) const = default;
};

class AttributeFile {
 public:
  static constexpr std::size_t kHeaderSize = 7, kStampSize = 4;
  static constexpr Byte kStateValid = 0x00, kStateUnfinished = 0x01;
  /// Where the hash stands in files that have one.
  static constexpr std::size_t kHashOffset = 0x0C, kHashSize = 20;

  FileId id = 0;
  /// 01 while the object is being made or deleted.
  Byte state = kStateValid;
  std::vector<Attribute> attributes;
  /// The token's counters when the object was made; zero in the container map.
  std::array<Byte, kStampSize> stamp{};

  /// Takes the file's bytes; more than it says it has are ignored. Throws MalformedAnswer for a
  /// file that is cut or contradicts itself. The hash is not checked.
  static AttributeFile parse(BytesView file);
  /// Bytes that the file should have, from its first 6; nothing if there are fewer.
  static std::optional<std::size_t> announced_size(BytesView start);
  /// The hash, where there is one, is that of the file. `may_be_zero`: twenty zero bytes will do.
  static bool hash_is_right(BytesView file, bool may_be_zero);

  /// The file; a hash attribute gets its value. Throws InvalidData if it would be too long.
  [[nodiscard]] Bytes encode() const;

  [[nodiscard]] const Attribute* find(std::uint16_t type) const;
  /// Empty if absent.
  [[nodiscard]] Bytes value(std::uint16_t type) const;
  [[nodiscard]] std::string text(std::uint16_t type) const { return to_text(value(type)); }
  /// A PKCS#11 boolean; false if absent.
  [[nodiscard]] bool flag(std::uint16_t type) const;
  /// A PKCS#11 number: four bytes, little-endian. Nothing if absent or of another length.
  [[nodiscard]] std::optional<std::uint32_t> number(std::uint16_t type) const;

  void add(std::uint16_t type, Byte flags, Bytes value);
  void add_flag(std::uint16_t type, Byte flags, bool value);
  void add_number(std::uint16_t type, Byte flags, std::uint32_t value);
  /// Gives a present attribute a new value, inside the room it has if that suffices. An absent one
  /// is added as freely modifiable.
  void replace(std::uint16_t type, const Bytes& value);
};

}  // namespace kilt::jacarta
