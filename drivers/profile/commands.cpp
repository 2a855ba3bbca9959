// The command part of a profile: [card], [pin.user], [pin.so], [[key]], [public_key], [sign],
// [decipher], [generate], [[certificate]].
#include <stdexcept>

#include "drivers/profile/reader.h"

namespace kilt {
namespace {

constexpr std::size_t kMaxSteps = 8;
constexpr std::size_t kMaxKeys = 32;
constexpr std::size_t kMaxCertificateFiles = 32;
constexpr unsigned kMaxPinBlock = 64;
constexpr unsigned kByte = 255;

class CommandReader {
 public:
  CommandReader(const ProfileReader& reader, bool verified) : in_(reader), verified_(verified) {}

  CardCommands read(const toml::table& table) {
    if (const toml::table* card = in_.table(table, "card")) read_card(*card);
    if (const toml::table* pin = in_.table(table, "pin")) {
      in_.known_keys(*pin, {"user", "so"});
      if (const toml::table* user = in_.table(*pin, "user")) result_.user_pin = read_pin(*user);
      if (const toml::table* so = in_.table(*pin, "so")) result_.so_pin = read_pin(*so);
    }
    in_.each(table, "key", kMaxKeys, [&](const toml::table& entry) { read_key(entry); });
    if (const toml::table* section = in_.table(table, "public_key")) read_public_key(*section);
    if (const toml::table* section = in_.table(table, "sign")) read_sign(*section);
    if (const toml::table* section = in_.table(table, "decipher")) read_decipher(*section);
    if (const toml::table* section = in_.table(table, "generate")) {
      in_.known_keys(*section, {"command", "verified"});
      result_.generate = procedure(*section, "command", TemplateUse::kGenerate);
      if (result_.generate.empty()) in_.fail(*section, "'command' is missing");
    }
    in_.each(table, "certificate", kMaxCertificateFiles,
             [&](const toml::table& entry) { read_certificate(entry); });
    return std::move(result_);
  }

 private:
  bool verified_in(const toml::table& table) const {
    return in_.flag(table, "verified", verified_);
  }

  std::vector<CommandTemplate> templates(const toml::table& table, std::string_view key,
                                         TemplateUse use, bool verified) const {
    std::vector<CommandTemplate> steps;
    in_.each_text(table, key, kMaxSteps, [&](const std::string& text, const toml::node& node) {
      try {
        steps.push_back(CommandTemplate::parse(text));
        steps.back().check(use, verified);
      } catch (const std::invalid_argument& error) {
        in_.fail(node, fmt::format("'{}': {}", key, error.what()));
      }
    });
    return steps;
  }

  Procedure procedure(const toml::table& table, std::string_view key, TemplateUse use) const {
    const bool verified = verified_in(table);
    return {templates(table, key, use, verified), verified};
  }

  /// A procedure that is a table of its own, so that it has its own `verified`.
  Procedure sub_procedure(const toml::table& table, std::string_view key, TemplateUse use) const {
    const toml::table* inner = in_.table(table, key);
    if (inner == nullptr) return {};
    in_.known_keys(*inner, {"command", "verified"});
    const bool verified = in_.flag(*inner, "verified", verified_in(table));
    Procedure result{templates(*inner, "command", use, verified), verified};
    if (result.empty()) in_.fail(*inner, "'command' is missing");
    return result;
  }

  void read_card(const toml::table& card) {
    in_.known_keys(card, {"extended", "select", "absent", "logout", "verified"});
    result_.extended = in_.flag(card, "extended", false);
    result_.select = templates(card, "select", TemplateUse::kSelect, verified_in(card));
    result_.logout = procedure(card, "logout", TemplateUse::kLogout);
    in_.each_text(card, "absent", kMaxSteps, [&](const std::string& text, const toml::node& node) {
      const Bytes sw = in_.hex_of(text, node, "absent");
      if (sw.size() != 2 || sw[0] == 0x90) in_.fail(node, "'absent' is a list of status words");
      result_.absent.emplace_back(sw[0], sw[1]);
    });
  }

  PinRules read_pin(const toml::table& table) {
    in_.known_keys(table, {"reference", "encoding", "min", "max", "stored", "pad", "tries",
                           "select", "verify", "status", "change", "unblock", "verified"});
    PinRules pin;
    const auto reference = in_.number(table, "reference", 0, kByte);
    if (!reference) in_.fail(table, "'reference' is missing");
    pin.reference = static_cast<Byte>(*reference);
    pin.format.encoding = static_cast<PinEncoding>(in_.choice(
        table, "encoding", {"bcd", "ascii-numeric", "utf8", "half-nibble-bcd", "iso9564-1"}, 1));
    pin.format.min = in_.number(table, "min", 1, kMaxPinBlock).value_or(pin.format.min);
    pin.format.max = in_.number(table, "max", 1, kMaxPinBlock).value_or(pin.format.max);
    if (pin.format.min > pin.format.max) in_.fail(in_.at(table, "max"), "'max' is less than 'min'");
    pin.format.stored = in_.number(table, "stored", 1, kMaxPinBlock).value_or(0);
    if (const auto pad = in_.number(table, "pad", 0, kByte))
      pin.format.pad = static_cast<Byte>(*pad);
    if (pin.format.pad && pin.format.stored == 0)
      in_.fail(in_.at(table, "pad"), "'pad' needs 'stored', the length of the block");
    if (pin.format.stored != 0 && one_byte_each(pin.format.encoding) &&
        pin.format.stored < pin.format.max)
      in_.fail(in_.at(table, "stored"), "'stored' is less than 'max'");
    pin.tries = in_.number(table, "tries", 1, kByte);
    pin.select = templates(table, "select", TemplateUse::kSelect, verified_in(table));
    pin.verify = procedure(table, "verify", TemplateUse::kVerify);
    if (pin.verify.steps.size() > 1) in_.fail(in_.at(table, "verify"), "one VERIFY per login");
    pin.status = sub_procedure(table, "status", TemplateUse::kStatus);
    pin.change = sub_procedure(table, "change", TemplateUse::kChange);
    pin.unblock = sub_procedure(table, "unblock", TemplateUse::kUnblock);
    return pin;
  }
  static bool one_byte_each(PinEncoding encoding) {
    return encoding == PinEncoding::kAsciiNumeric || encoding == PinEncoding::kUtf8 ||
           encoding == PinEncoding::kHalfNibbleBcd;
  }

  void read_key(const toml::table& table) {
    in_.known_keys(table, {"number", "reference", "label", "bits", "usage"});
    KeySlot key;
    const auto reference = in_.number(table, "reference", 0, kByte);
    if (!reference) in_.fail(table, "'reference' is missing");
    key.reference = static_cast<Byte>(*reference);
    key.number = static_cast<Byte>(in_.number(table, "number", 0, kByte).value_or(*reference));
    key.label = in_.text(table, "label");
    key.bits = in_.number(table, "bits", 512, 8192).value_or(key.bits);
    if (key.bits % 8 != 0) in_.fail(in_.at(table, "bits"), "'bits' is a multiple of 8");
    if (table.get("usage") != nullptr) key.sign = key.decrypt = false;
    in_.each_text(table, "usage", 2, [&](const std::string& usage, const toml::node& node) {
      if (usage == "sign")
        key.sign = true;
      else if (usage == "decrypt")
        key.decrypt = true;
      else
        in_.fail(node, R"('usage' is a list of "sign" and "decrypt")");
    });
    for (const KeySlot& other : result_.keys)
      if (other.reference == key.reference)
        in_.fail(in_.at(table, "reference"), "two keys have the same 'reference'");
    result_.keys.push_back(std::move(key));
  }

  void read_public_key(const toml::table& table) {
    in_.known_keys(table, {"command", "exponent", "verified"});
    result_.public_key.command = procedure(table, "command", TemplateUse::kPublicKey);
    if (result_.public_key.command.empty()) in_.fail(table, "'command' is missing");
    const Bytes exponent = in_.hex(table, "exponent");
    if (exponent.size() > 8) in_.fail(in_.at(table, "exponent"), "'exponent' has at most 8 bytes");
    if (!exponent.empty()) result_.public_key.exponent = exponent;
  }

  void read_sign(const toml::table& table) {
    in_.known_keys(table,
                   {"environment", "command", "input", "max_input", "algorithm", "verified"});
    SignRules& sign = result_.sign;
    sign.command = procedure(table, "command", TemplateUse::kSign);
    if (sign.command.empty()) in_.fail(table, "'command' is missing");
    sign.environment =
        templates(table, "environment", TemplateUse::kEnvironment, sign.command.verified);
    sign.input =
        static_cast<SignInput>(in_.choice(table, "input", {"digestinfo", "hash", "block"}, 0));
    sign.max_input = in_.number(table, "max_input", 1, 1024).value_or(0);
    const toml::table* algorithm = in_.table(table, "algorithm");
    if (algorithm == nullptr) {
      for (const CommandTemplate& step : sign.environment)
        if (step.names("aa")) in_.fail(table, "{aa} needs [sign.algorithm]");
      return;
    }
    in_.known_keys(*algorithm, {"any", "sha1", "sha224", "sha256", "sha384", "sha512"});
    const auto one = [&](std::string_view name, Hash hash) {
      if (const auto number = in_.number(*algorithm, name, 0, kByte))
        sign.algorithms[hash] = static_cast<Byte>(*number);
    };
    one("any", Hash::kNone);
    one("sha1", Hash::kSha1);
    one("sha224", Hash::kSha224);
    one("sha256", Hash::kSha256);
    one("sha384", Hash::kSha384);
    one("sha512", Hash::kSha512);
  }

  void read_decipher(const toml::table& table) {
    in_.known_keys(table, {"environment", "command", "output", "algorithm", "verified"});
    DecipherRules& decipher = result_.decipher;
    decipher.command = procedure(table, "command", TemplateUse::kDecipher);
    if (decipher.command.empty()) in_.fail(table, "'command' is missing");
    decipher.environment =
        templates(table, "environment", TemplateUse::kEnvironment, decipher.command.verified);
    decipher.whole_block = in_.choice(table, "output", {"plain", "block"}, 0) == 1;
    decipher.algorithm = static_cast<Byte>(in_.number(table, "algorithm", 0, kByte).value_or(0));
  }

  void read_certificate(const toml::table& table) {
    in_.known_keys(table, {"path", "offset", "compression", "verified"});
    CertificateFile file;
    file.path = in_.hex(table, "path", true);
    if (file.path.size() < 2 || file.path.size() > 16 || file.path.size() % 2 != 0)
      in_.fail(in_.at(table, "path"), "'path' is 1 to 8 file ids of 2 bytes, from the MF on");
    file.offset = in_.number(table, "offset", 0, 0x7FFF).value_or(0);
    file.compressed = in_.choice(table, "compression", {"none", "zlib"}, 0) == 1;
    file.verified = verified_in(table);
    result_.certificate_files.push_back(std::move(file));
  }

  const ProfileReader& in_;
  bool verified_;
  CardCommands result_;
};

}  // namespace

CardCommands read_commands(const ProfileReader& reader, const toml::table& table, bool verified) {
  return CommandReader(reader, verified).read(table);
}

}  // namespace kilt
