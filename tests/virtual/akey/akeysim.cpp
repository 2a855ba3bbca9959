#include "tests/virtual/akey/akeysim.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/rand.h>

#include "tests/virtual/akey/layout.h"
#include "tests/virtual/akey/pin_block.h"
#include "tests/virtual/akey/variants.h"
#include "tests/virtual/iso7816/rsa.h"
#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::akey {

using iso::Answer;
using iso::Command;

AkeySim::AkeySim()
    : IsoCard(
          "akey",
          {
              {"atr", {"akeysim", "unknown"}, "historical bytes: its name, or another"},
              {"protocol", {"t1", "t0"}, "T=1, or T=0 with 61xx and 6Cxx"},
              {"extended", {"no", "yes"}, "takes extended length"},
              {"chaining", {"yes", "no"}, "takes command chaining"},
              {"commands", {"known", "none"}, "none: 6D00 to everything"},
              {"ef-dir", {"present", "no-path", "absent"}, "EF.DIR in the MF", true},
              {"aid",
               {"both", "pkcs15", "own", "none"},
               "names of the application: PKCS#15's, F0'AKEYSIM'",
               true},
              {"df", {"5015"}, "identifier of the application's DF, hexadecimal", true},
              {"paths", {"absolute", "relative", "aid"}, "paths in the directories", true},
              {"token-info", {"present", "absent", "broken"}, "file 5032", true},
              {"label", {"AKEYSIM"}, "the token's label", true},
              {"ids", {"short", "ski"}, "object ids: one byte, or the key's SHA-1", true},
              {"padding", {"none", "00", "FF"}, "what follows contents in their files", true},
              {"public-keys", {"present", "absent"}, "a directory of public keys", true},
              {"certificates", {"files", "one-file"}, "one-file: index and length", true},
              {"read", {"free", "pin"}, "directories of keys, certificates want the PIN", true},
              {"oddity",
               {"none", "empty", "keys-only", "certificates-only", "missing-files", "wrong-size",
                "broken-certificate", "broken-directory", "cycle", "huge"},
               "directories that lie, or never end",
               true},
              {"keys", {"01", "81", "negative"}, "key references; negative: 81 as INTEGER", true},
              {"pin", {"1234567890"}, "the user PIN", true},
              {"puk", {"0987654321"}, "the PUK", true},
              {"tries", {"10", "3"}, "of the PIN", true},
              {"pin-pad", {"00", "FF", "30", "none"}, "filler of the stored PIN", true},
              {"pin-type",
               {"ascii", "bcd", "utf8", "half-nibble", "iso9564", "unknown"},
               "how the PIN lies in the card",
               true},
              {"user-pins", {"1", "2"}, "a second user PIN in the directory, for nothing", true},
              {"stored-length",
               {"bytes", "digits"},
               "unit of the directory's storedLength of a packed PIN",
               true},
              {"pin-scope", {"global", "local"}, "reference 01, or 81 in its DF", true},
              {"empty-verify", {"status", "refused"}, "VERIFY without data: counter, or 6700"},
              {"change", {"00", "01", "none"}, "P1 of CHANGE REFERENCE DATA"},
              {"unblock",
               {"00", "01", "02", "03", "none"},
               "P1 of RESET RETRY COUNTER; none: no PUK",
               true},
              {"sign",
               {"pso", "internal", "both"},
               "PSO COMPUTE DIGITAL SIGNATURE or INTERNAL AUTHENTICATE"},
              {"sign-input",
               {"digest-info", "raw", "hash"},
               "the card pads a DigestInfo, takes a block, or a hash"},
              {"algorithm",
               {"02", "12", "42"},
               "the algorithm reference it takes (12 SHA-1, 42 SHA-256)"},
              {"decipher", {"strip", "raw", "none"}, "padding taken off or not"},
              {"consent", {"no", "sign"}, "each use of the SIGN key wants a VERIFY", true},
              {"generate", {"47", "46", "none"}, "instruction that makes a key pair"},
              {"read-max", {"256", "231", "128"}, "longest READ BINARY, else 6700"},
              {"short-read", {"9000", "6282"}, "status of a read beyond the end"},
          }) {}

void AkeySim::set(const std::string& key, const std::string& value) {
  if (key != "variant") return IsoCard::set(key, value);
  for (const Variant& one : variants()) {
    if (value != one.name) continue;
    for (const auto& [name, setting] : one.settings) IsoCard::set(name, setting);
    return;
  }
  throw std::invalid_argument("there is no variant '" + value + "'");
}

std::vector<std::string> AkeySim::switches() const {
  std::vector<std::string> lines = IsoCard::switches();
  std::vector<std::string> names;
  for (const Variant& one : variants()) names.emplace_back(one.name);
  lines.push_back(fmt::format("variant={}: several of these at once", fmt::join(names, "|")));
  return lines;
}

/// Of our own: nobody's product.
Bytes AkeySim::atr() const {
  const Bytes history = iso::text(is("atr", "akeysim") ? "AKEYSIM" : "NOTOKEN");
  const auto count = static_cast<std::uint8_t>(history.size());
  if (is("protocol", "t0")) return iso::join({{0x3B, count}, history});
  Bytes atr = iso::join({{0x3B, static_cast<std::uint8_t>(0x80 | count), 0x01}, history});
  std::uint8_t check = 0;
  for (std::size_t i = 1; i < atr.size(); ++i) check ^= atr[i];
  atr.push_back(check);
  return atr;
}

iso::Manners AkeySim::manners() const {
  return {.t0 = is("protocol", "t0"),
          .extended = is("extended", "yes"),
          .chaining = is("chaining", "yes"),
          .exact_le = true,
          .silent_rest = false};
}

void AkeySim::power_up() {
  files_.power_up();
  environment_.clear();
}

void AkeySim::personalise() {
  constexpr unsigned kPukTries = 10;
  serial_.resize(8);
  RAND_bytes(serial_.data(), static_cast<int>(serial_.size()));
  const auto block = [&](const char* name) {
    return pin_block(setting("pin-type"), setting("pin-pad"), setting(name));
  };
  pin_.value = block("pin");
  pin_.tries = pin_.max = static_cast<unsigned>(std::stoul(setting("tries")));
  puk_.value = block("puk");
  puk_.tries = puk_.max = kPukTries;
  for (unsigned number = 1; number <= kFilled; ++number) keys_[number] = iso::make_rsa(2048);
  make_directories();
}

void AkeySim::save_contents(nlohmann::json& state) const {
  state["serial"] = iso::hex(serial_);
  state["pin"] = pin_.save();
  state["puk"] = puk_.save();
  state["keys"] = nlohmann::json::object();
  for (const auto& [number, key] : keys_) state["keys"][std::to_string(number)] = iso::hex(key);
  state["files"] = files_.save();
}

void AkeySim::load_contents(const nlohmann::json& state) {
  serial_ = iso::unhex(state.at("serial").get<std::string>());
  pin_.load(state.at("pin"));
  puk_.load(state.at("puk"));
  keys_.clear();
  for (const auto& [number, key] : state.at("keys").items())
    keys_[static_cast<unsigned>(std::stoul(number))] = iso::unhex(key.get<std::string>());
  files_.load(state.at("files"));
}

Answer AkeySim::process(const Command& command) {
  if (is("commands", "none")) return {{}, 0x6D00};
  if ((command.cla & ~0x10) != 0x00) return {{}, 0x6E00};
  return dispatch(command);
}

Answer AkeySim::dispatch(const Command& command) {
  if (command.ins == std::stoul(is("generate", "46") ? "46" : "47", nullptr, 16))
    return generate(command);
  switch (command.ins) {
    case 0x20:
      return verify(command);
    case 0x22:
      return manage_security_environment(command);
    case 0x24:
      return change_reference_data(command);
    case 0x2A:
      return perform_security_operation(command);
    case 0x2C:
      return reset_retry_counter(command);
    case 0x84: {
      if (!command.has_le || command.le > 256) return {{}, 0x6700};
      Answer answer{Bytes(command.le), 0x9000};
      RAND_bytes(answer.data.data(), static_cast<int>(answer.data.size()));
      return answer;
    }
    case 0x88:
      if (is("sign", "pso")) return {{}, 0x6D00};
      return command.p1p2() == 0 ? sign(0xA4, command.data) : Answer{{}, 0x6A86};
    case 0xA4:
      return select(command);
    case 0xB0:
      return read_binary(command);
    case 0xD6:
      return files_.update_binary(command, logged_in(), [&] { about_to_write(); });
    default:
      return {{}, 0x6D00};
  }
}

Answer AkeySim::select(const Command& command) {
  Command asked = command;
  if (asked.p1 == 0x04 && is("aid", "both") && asked.data == own_name()) asked.data = pkcs15_name();
  Answer answer = files_.select(asked);
  // What was verified in the application does not outlive a visit elsewhere.
  if (files_.current_directory().parent == nullptr) leave_application();
  return answer;
}

void AkeySim::leave_application() {
  environment_.clear();
  if (!is("pin-scope", "local")) return;
  forget_pin(pin_reference());
  forget_pin(puk_reference());
}

Answer AkeySim::read_binary(const Command& command) {
  const bool t0 = is("protocol", "t0");
  if (!command.extended && command.has_le && command.le > std::stoul(setting("read-max")))
    return {{}, 0x6700};
  Answer answer = files_.read_binary(command, logged_in(), t0);
  if (answer.sw == 0x9000 && is("short-read", "6282") && command.has_le &&
      answer.data.size() < command.le)
    answer.sw = 0x6282;
  return answer;
}

}  // namespace kilt::vtoken::akey
