// Command templates of token profiles: a command APDU as text, with named fields, e.g.
//   00 20 00 {ref} {Lc} {pin}
// A text file must not be able to harm a token: what a template may hold depends on what it is for
// and on whether it was tried on a real one (conf/tokens/README.md).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "apdu/command.h"

namespace kilt {

/// What a template is for.
enum class TemplateUse {
  kSelect,       ///< before other commands
  kStatus,       ///< tries left of a PIN; spends none
  kVerify,       ///< login
  kLogout,       ///< closes the security state
  kChange,       ///< a step of a PIN change
  kUnblock,      ///< a step of unblocking a PIN
  kPublicKey,    ///< reads a public key
  kEnvironment,  ///< MANAGE SECURITY ENVIRONMENT
  kSign,
  kDecipher,
  kGenerate,  ///< a step of making a key pair
};

/// Values of the named fields, without braces.
using TemplateFields = std::map<std::string_view, BytesView>;

class CommandTemplate {
 public:
  /// Reads the text: CLA INS P1 P2, then nothing, Le, or Lc, data and perhaps Le. Lc is a number
  /// that must fit, or {Lc}; Le a number or {Le}. P1, P2 and data may hold fields. Throws
  /// std::invalid_argument saying what is wrong.
  static CommandTemplate parse(std::string_view text);

  /// The command must be one that `use` is done with, name the fields that the use needs and no
  /// other. Unless `verified`, the class is an interindustry one and the instruction one of
  /// ISO/IEC 7816-4 or -8 for this use; commands that are sent without the user asking only read,
  /// whatever is verified. Throws std::invalid_argument.
  void check(TemplateUse use, bool verified) const;

  /// The command with the fields filled in. Throws std::out_of_range if a field has no value,
  /// InvalidData if a field that must be one byte is not, or more than 65535 bytes result.
  [[nodiscard]] apdu::Command fill(const TemplateFields& fields) const;

  [[nodiscard]] bool names(std::string_view field) const;
  /// The text it was read from.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  struct Piece {
    Byte literal = 0;
    std::string field;  ///< empty: the literal
  };

  void read_body(std::vector<Piece> pieces);
  [[nodiscard]] bool destructive() const noexcept;

  std::string text_;
  std::vector<Piece> header_;  ///< CLA, INS, P1, P2
  std::vector<Piece> data_;
  bool has_le_ = false;
  Byte le_ = 0;
};

}  // namespace kilt
