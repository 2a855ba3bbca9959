// The command part of a token profile: how the driver `iso7816` works with a card that has no
// driver of its own (conf/tokens/README.md; decision 15).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "drivers/profile/template.h"
#include "drivers/token.h"

namespace kilt {

/// Commands for one purpose, sent one after the other.
struct Procedure {
  std::vector<CommandTemplate> steps;
  /// Somebody has tried it on a real card of this kind. Otherwise the user must accept it by name.
  bool verified = false;

  [[nodiscard]] bool empty() const noexcept { return steps.empty(); }
};

/// How a PIN's characters stand in the PIN block (ISO/IEC 7816-15, pinType).
enum class PinEncoding {
  kBcd,             ///< two digits per byte
  kAsciiNumeric,    ///< digits, one per byte
  kUtf8,            ///< any characters
  kHalfNibbleBcd,   ///< F in the upper nibble, the digit in the lower
  kIso9564Format1,  ///< control nibble and length, digits, F; 8 bytes
};

/// Length and form of a PIN.
struct PinFormat {
  PinEncoding encoding = PinEncoding::kAsciiNumeric;
  unsigned min = 4, max = 8;  ///< characters
  unsigned stored = 0;        ///< bytes of the block; 0: as long as the PIN
  std::optional<Byte> pad;    ///< fills the block up to `stored`
};

/// A PIN that the profile describes.
struct PinRules {
  Byte reference = 0;
  PinFormat format;
  std::optional<unsigned> tries;        ///< before the first mistake
  std::vector<CommandTemplate> select;  ///< sent before any command for this PIN
  Procedure status, verify, change, unblock;
};

/// A place for a key pair on the card.
struct KeySlot {
  Byte number = 0;     ///< field {n}
  Byte reference = 0;  ///< field {kk}
  std::string label;
  unsigned bits = 2048;
  bool sign = true, decrypt = false;
};

/// What the card signs.
enum class SignInput {
  kDigestInfo,  ///< the card pads
  kHash,        ///< the card makes the DigestInfo as the algorithm reference says
  kBlock,       ///< the whole padded block, of modulus length
  kPaddedHere,  ///< the same, but the driver pads a DigestInfo (not in profiles)
};

struct SignRules {
  std::vector<CommandTemplate> environment;
  Procedure command;
  SignInput input = SignInput::kDigestInfo;
  std::size_t max_input = 0;        ///< bytes; 0: what the padding leaves
  std::map<Hash, Byte> algorithms;  ///< field {aa}; kNone: where no other fits
};

struct DecipherRules {
  std::vector<CommandTemplate> environment;
  Procedure command;
  bool whole_block = false;  ///< the answer is the padded block, else the card strips PKCS#1 v1.5
  Byte algorithm = 0;
};

struct PublicKeyRules {
  Procedure command;
  Bytes exponent{0x01, 0x00, 0x01};  ///< where the card gives the modulus only
};

/// A file that may hold a certificate.
struct CertificateFile {
  Bytes path;  ///< file ids from the MF on
  std::size_t offset = 0;
  bool compressed = false;  ///< zlib
  bool verified = false;
};

struct CardCommands {
  bool extended = false;                ///< the card takes extended length
  std::vector<CommandTemplate> select;  ///< before keys are used or read
  std::vector<StatusWord> absent;       ///< answers that mean "no such key"
  std::optional<PinRules> user_pin, so_pin;
  std::vector<KeySlot> keys;
  PublicKeyRules public_key;
  SignRules sign;
  DecipherRules decipher;
  Procedure generate;
  Procedure logout;  ///< empty: the card is reset
  std::vector<CertificateFile> certificate_files;
};

}  // namespace kilt
