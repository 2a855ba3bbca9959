#include "drivers/profile/template.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include <fmt/format.h>

#include "drivers/errors.h"

namespace kilt {
namespace {

constexpr std::size_t kMaxPieces = 300;  // more than a short APDU has
constexpr std::size_t kHeader = 4;
constexpr std::size_t kMaxShortData = 255;
constexpr std::size_t kMaxData = 65535;
constexpr Byte kProprietaryClass = 0x80;
constexpr Byte kSecureMessagingBits = 0x0C;

[[noreturn]] void wrong(const std::string& what) { throw std::invalid_argument(what); }

struct FieldRule {
  std::string_view name;
  bool one_byte;
};
constexpr std::array kFields{
    FieldRule{"ref", true},   // PIN reference
    FieldRule{"n", true},     // number of a key slot
    FieldRule{"kk", true},    // key reference
    FieldRule{"aa", true},    // algorithm reference
    FieldRule{"pin", false},  // PIN blocks, padded
    FieldRule{"old", false}, FieldRule{"new", false},
    FieldRule{"puk", false}, FieldRule{"input", false},  // what is signed or deciphered
};

const FieldRule* rule_of(std::string_view name) {
  const auto found = std::ranges::find(kFields, name, &FieldRule::name);
  return found == kFields.end() ? nullptr : &*found;
}

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

/// What each use may be done with, and which fields it must and may name.
struct UseRule {
  TemplateUse use;
  std::vector<Byte> instructions;
  std::vector<std::string_view> needs, allows;
  bool unasked;  ///< sent without an order of the user: may only read
};

const UseRule& rule_of(TemplateUse use) {
  static const std::vector<UseRule> rules{
      {TemplateUse::kSelect, {0xA4}, {}, {}, true},
      {TemplateUse::kStatus, {0x20, 0xCA, 0xCB}, {}, {"ref"}, true},
      {TemplateUse::kVerify, {0x20, 0x21}, {"pin"}, {"ref"}, false},
      {TemplateUse::kLogout, {0x20, 0x21}, {}, {"ref"}, false},
      {TemplateUse::kChange, {0x20, 0x24}, {}, {"ref", "old", "new"}, false},
      {TemplateUse::kUnblock, {0x20, 0x2C, 0x24}, {}, {"ref", "puk", "new"}, false},
      {TemplateUse::kPublicKey, {0xCA, 0xCB}, {}, {"n", "kk"}, true},
      {TemplateUse::kEnvironment, {0x22}, {}, {"n", "kk", "aa"}, false},
      {TemplateUse::kSign, {0x2A, 0x88}, {"input"}, {"n", "kk", "aa"}, false},
      {TemplateUse::kDecipher, {0x2A, 0x88}, {"input"}, {"n", "kk", "aa"}, false},
      {TemplateUse::kGenerate, {0x22, 0x46, 0x47}, {}, {"n", "kk", "aa"}, false},
  };
  return *std::ranges::find(rules, use, &UseRule::use);
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

CommandTemplate CommandTemplate::parse(std::string_view text) {
  CommandTemplate result;
  result.text_ = text;
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == ':') {
      ++i;
      continue;
    }
    if (pieces.size() >= kMaxPieces) wrong("the command is longer than a command can be");
    if (text[i] == '{') {
      const std::size_t end = text.find('}', i);
      if (end == std::string_view::npos) wrong("a '{' without its '}'");
      const std::string name(text.substr(i + 1, end - i - 1));
      if (name != "Lc" && name != "Le" && rule_of(name) == nullptr)
        wrong(fmt::format("there is no field {{{}}}", name));
      pieces.push_back({0, name});
      i = end + 1;
      continue;
    }
    const int high = hex_digit(text[i]);
    const int low = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    if (high < 0 || low < 0)
      wrong(fmt::format("'{}' is neither a hexadecimal byte nor a {{field}}", text.substr(i, 2)));
    pieces.push_back({static_cast<Byte>(high * 16 + low), {}});
    i += 2;
  }
  if (pieces.size() < kHeader) wrong("a command begins with CLA INS P1 P2");
  result.header_.assign(pieces.begin(), pieces.begin() + kHeader);
  for (std::size_t i = 0; i < kHeader; ++i) {
    const std::string& field = result.header_[i].field;
    if (field.empty()) continue;
    if (i < 2) wrong("CLA and INS cannot be fields");
    if (rule_of(field) == nullptr || !rule_of(field)->one_byte)
      wrong(fmt::format("{{{}}} is no single byte and cannot stand for P1 or P2", field));
  }
  result.read_body({pieces.begin() + kHeader, pieces.end()});
  return result;
}

void CommandTemplate::read_body(std::vector<Piece> pieces) {
  if (pieces.empty()) return;
  if (pieces.size() == 1) {  // Le alone
    if (!pieces[0].field.empty() && pieces[0].field != "Le")
      wrong("a single byte behind the header is Le: a number or {Le}");
    has_le_ = true;
    le_ = pieces[0].literal;
    return;
  }
  const Piece lc = pieces.front();
  pieces.erase(pieces.begin());
  if (pieces.back().field == "Le") {
    has_le_ = true;
    pieces.pop_back();
  }
  if (lc.field.empty()) {
    if (lc.literal == 0) wrong("Lc is 0, but data follows");
    const std::size_t spare = pieces.size() - std::min<std::size_t>(pieces.size(), lc.literal);
    if (pieces.size() < lc.literal || spare > 1 || (spare == 1 && has_le_))
      wrong(fmt::format("Lc says {} bytes, the template has {}", lc.literal, pieces.size()));
    if (spare == 1) {
      if (!pieces.back().field.empty()) wrong("behind the data stands Le: a number or {Le}");
      has_le_ = true;
      le_ = pieces.back().literal;
      pieces.pop_back();
    }
  } else if (lc.field != "Lc") {
    wrong("behind the header stands Lc: a number or {Lc}");
  }
  std::size_t literals = 0;
  for (const Piece& piece : pieces) {
    if (piece.field == "Lc" || piece.field == "Le") wrong("Lc and Le stand once, in their places");
    const FieldRule* rule = piece.field.empty() ? nullptr : rule_of(piece.field);
    if (rule != nullptr && !rule->one_byte && lc.field.empty())
      wrong(fmt::format("with {{{}}} in the data, write {{Lc}} for the length", piece.field));
    if (rule == nullptr || rule->one_byte) ++literals;
  }
  if (pieces.empty()) wrong("Lc without data");
  if (literals > kMaxShortData) wrong("more data than a command can hold");
  data_ = std::move(pieces);
}

bool CommandTemplate::names(std::string_view field) const {
  const auto here = [&](const Piece& piece) { return piece.field == field; };
  return std::ranges::any_of(header_, here) || std::ranges::any_of(data_, here);
}

// DELETE FILE, TERMINATE DF/EF/CARD USAGE, PUT KEY, ERASE BINARY (ISO/IEC 7816-4 and -9,
// GlobalPlatform).
bool CommandTemplate::destructive() const noexcept {
  constexpr std::array<Byte, 7> kInstructions{0xE4, 0xE6, 0xE8, 0xFE, 0xD8, 0x0E, 0x0F};
  return std::ranges::find(kInstructions, header_[1].literal) != kInstructions.end();
}

void CommandTemplate::check(TemplateUse use, bool verified) const {
  const UseRule& rule = rule_of(use);
  const Byte cla = header_[0].literal;
  const Byte ins = header_[1].literal;
  const bool proprietary = (cla & kProprietaryClass) != 0;
  if (destructive() && (!verified || rule.unasked))
    wrong(
        fmt::format("instruction {:02X} destroys; it needs 'verified = true' and an order of the "
                    "user",
                    ins));
  if (proprietary && !verified)
    wrong(fmt::format("class {:02X} is the card's own; it needs 'verified = true'", cla));
  if (!proprietary && (cla & kSecureMessagingBits) != 0)
    wrong("secure messaging cannot be written as a template");
  // GENERATE ASYMMETRIC KEY PAIR with bit 1 of P1 reads a key that is there (ISO/IEC 7816-8).
  const bool reads_key = use == TemplateUse::kPublicKey && (ins == 0x46 || ins == 0x47) &&
                         header_[2].field.empty() && (header_[2].literal & 1) != 0 && verified;
  const bool usual =
      reads_key || std::ranges::find(rule.instructions, ins) != rule.instructions.end();
  // A verified procedure may contain other instructions where the user ordered it; what is sent
  // unasked may not, unless it is the card's own class.
  if (!usual && !(verified && (!rule.unasked || proprietary)))
    wrong(fmt::format("instruction {:02X} does not belong here", ins));
  if ((ins == 0x20 || ins == 0x21) && (use == TemplateUse::kStatus || use == TemplateUse::kLogout))
    if (!data_.empty()) wrong("VERIFY with data would spend a try");
  for (const std::string_view field : rule.needs)
    if (!names(field)) wrong(fmt::format("the field {{{}}} is missing", field));
  for (const FieldRule& field : kFields)
    if (names(field.name) && !contains(rule.needs, field.name) &&
        !contains(rule.allows, field.name))
      wrong(fmt::format("the field {{{}}} has no meaning here", field.name));
}

apdu::Command CommandTemplate::fill(const TemplateFields& fields) const {
  const auto byte_of = [&](const Piece& piece) {
    if (piece.field.empty()) return piece.literal;
    const BytesView value = fields.at(piece.field);
    if (value.size() != 1) throw InvalidData("a field of the profile's command is not one byte");
    return value[0];
  };
  apdu::Command command = apdu::Command::case1(header_[0].literal, header_[1].literal,
                                               byte_of(header_[2]), byte_of(header_[3]));
  for (const Piece& piece : data_) {
    if (piece.field.empty() || rule_of(piece.field)->one_byte)
      command.data.push_back(byte_of(piece));
    else
      append(command.data, fields.at(piece.field));
    if (command.data.size() > kMaxData) throw InvalidData("more data than a command can hold");
  }
  if (has_le_) command.le = le_ == 0 ? apdu::kLeShortMax : apdu::Le{le_};
  for (const std::string_view secret : {"pin", "old", "new", "puk"})
    if (names(secret)) command.privacy = apdu::Privacy::kSecret;
  return command;
}

}  // namespace kilt
