#include "drivers/profile/parser.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "drivers/profile/reader.h"
#include "drivers/profile/text.h"

namespace kilt {
namespace {

constexpr std::size_t kMaxAtr = 33;
constexpr std::size_t kMaxAtrs = 256;
constexpr std::size_t kMaxPins = 32;
constexpr std::size_t kMaxAids = 16;

AtrPattern read_atr(const ProfileReader& in, const toml::table& table) {
  in.known_keys(table, {"value", "mask", "note"});
  AtrPattern pattern{in.hex(table, "value", true), in.hex(table, "mask"), in.text(table, "note")};
  if (pattern.value.size() < 2 || pattern.value.size() > kMaxAtr)
    in.fail(in.at(table, "value"), "an ATR has 2 to 33 bytes");
  if (pattern.mask.empty()) pattern.mask.assign(pattern.value.size(), 0xFF);
  if (pattern.mask.size() != pattern.value.size())
    in.fail(in.at(table, "mask"), "the mask must be as long as the value");
  return pattern;
}

FactoryPin read_factory_pin(const ProfileReader& in, const toml::table& table) {
  in.known_keys(table, {"name", "role", "value"});
  FactoryPin pin;
  pin.name = in.text(table, "name", true);
  pin.value = in.text(table, "value", true);
  const std::string role = in.text(table, "role", true);
  if (role != "user" && role != "so") in.fail(in.at(table, "role"), "'role' is \"user\" or \"so\"");
  pin.role = role == "user" ? PinRole::kUser : PinRole::kSo;
  if (pin.value.empty()) in.fail(in.at(table, "value"), "a factory PIN cannot be empty");
  return pin;
}

void read_names(const ProfileReader& in, const toml::table& table, Profile& profile) {
  profile.name = in.text(table, "name", true);
  profile.family = in.text(table, "family", true);
  profile.manufacturer = in.text(table, "manufacturer");
  profile.model = in.text(table, "model");
  profile.label = in.text(table, "label");
  profile.storage_oid = in.text(table, "storage_oid");
  profile.notes = in.text(table, "notes");
  profile.source = in.source();
  if (profile.name.empty()) in.fail(in.at(table, "name"), "'name' is empty");
  if (profile.manufacturer.size() > 32)
    in.fail(in.at(table, "manufacturer"), "'manufacturer' has at most 32 bytes");
  if (profile.model.size() > 16) in.fail(in.at(table, "model"), "'model' has at most 16 bytes");
  if (profile.label.size() > 32) in.fail(in.at(table, "label"), "'label' has at most 32 bytes");
  if (profile.storage_oid.find_first_not_of("0123456789.") != std::string::npos)
    in.fail(in.at(table, "storage_oid"), "'storage_oid' is digits and dots");
}

/// The keys that only the driver iso7816 reads: elsewhere they would promise what no driver does.
void read_iso7816(const ProfileReader& in, const toml::table& table, Profile& profile) {
  if (profile.family != "iso7816") {
    for (const char* key :
         {"verified", "experimental", "discovery", "unsupported", "foreign", "aid", "card", "pin",
          "key", "public_key", "sign", "decipher", "generate", "certificate"})
      if (const toml::node* node = table.get(key))
        in.fail(*node, fmt::format("'{}' is for the family 'iso7816' only", key));
    return;
  }
  profile.verified = in.flag(table, "verified", false);
  profile.experimental = in.flag(table, "experimental", false);
  profile.discovery = in.flag(table, "discovery", true);
  profile.unsupported = in.text(table, "unsupported");
  profile.foreign = in.text(table, "foreign");
  in.each_text(table, "aid", kMaxAids, [&](const std::string& text, const toml::node& node) {
    profile.aids.push_back(in.hex_of(text, node, "aid"));
    if (profile.aids.back().size() < 5 || profile.aids.back().size() > 16)
      in.fail(node, "an application identifier has 5 to 16 bytes");
  });
  profile.commands = read_commands(in, table, profile.verified);
}

void read_options(const ProfileReader& in, const toml::table& table, Profile& profile) {
  const toml::table* options = in.table(table, "options");
  if (options == nullptr) return;
  for (const auto& [key, value] : *options) {
    if (!value.is_string()) in.fail(value, "an option is a string");
    profile.options.emplace(std::string(key.str()), value.as_string()->get());
  }
}

Profile read_table(const ProfileReader& in, const toml::table& table) {
  in.known_keys(table, {"name",        "family",   "manufacturer", "model",        "storage_oid",
                        "atr",         "notes",    "factory_pin",  "usb_id",       "aid",
                        "verified",    "sign",     "discovery",    "experimental", "unsupported",
                        "foreign",     "card",     "pin",          "key",          "public_key",
                        "certificate", "decipher", "generate",     "label",        "options"});
  Profile profile;
  read_names(in, table, profile);
  in.each(table, "atr", kMaxAtrs,
          [&](const toml::table& entry) { profile.atrs.push_back(read_atr(in, entry)); });
  in.each(table, "factory_pin", kMaxPins, [&](const toml::table& entry) {
    profile.factory_pins.push_back(read_factory_pin(in, entry));
  });
  // For people only: PC/SC has no USB ids.
  in.each_text(table, "usb_id", kMaxAids, [&](const std::string& text, const toml::node& node) {
    if (text.size() != 9 || text[4] != ':') in.fail(node, "'usb_id' looks like \"096E:0807\"");
  });
  read_iso7816(in, table, profile);
  read_options(in, table, profile);
  return profile;
}

std::string read_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    throw ProfileError(path.string() + ": cannot be read");
  std::ifstream file(path, std::ios::binary);
  const auto size = std::filesystem::file_size(path, error);
  if (!file || error) throw ProfileError(path.string() + ": cannot be read");
  if (size > kMaxProfile) throw ProfileError(path.string() + ": too large for a profile");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Profile parse_profile(std::string_view toml, const std::filesystem::path& source) {
  const ProfileReader reader(source);
  std::optional<TextMistake> mistake;
  const std::string text = toml_in_ascii(toml, mistake);
  if (mistake)
    throw ProfileError(fmt::format("{}:{}: {}", source.string(), mistake->line, mistake->what));
  try {
    // Without the path: toml++ copies it where no allocation may fail.
    return read_table(reader, toml::parse(text));
  } catch (const toml::parse_error& error) {
    throw ProfileError(
        fmt::format("{}:{}: {}", source.string(), error.source().begin.line, error.description()));
  }
}

Profile read_profile(const std::filesystem::path& file) {
  return parse_profile(read_file(file), file);
}

}  // namespace kilt
