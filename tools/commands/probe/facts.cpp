#include "tools/commands/probe/facts.h"

#include <algorithm>
#include <array>
#include <regex>

#include <fmt/format.h>

#include "apdu/atr.h"
#include "apdu/tlv.h"

namespace kilt::tool {
namespace {

using apdu::Command;
using apdu::Response;

std::string hex(BytesView bytes) {
  std::string text;
  for (const Byte byte : bytes) text += fmt::format("{}{:02X}", text.empty() ? "" : " ", byte);
  return text;
}

/// Control parameters as they are where they only describe the file; of everything else, e.g.
/// proprietary data, tag and length.
std::string describe_fci(BytesView answer) {
  constexpr std::array<std::uint32_t, 9> kHarmless{0x80, 0x81, 0x82, 0x83, 0x84,
                                                   0x86, 0x8A, 0x8C, 0x88};
  std::string text;
  try {
    const auto outer = tlv::Reader(answer).next();
    if (!outer) return "no data";
    text = fmt::format("{:X}:", outer->tag);
    const auto inner = tlv::find(outer->value, 0x62);
    tlv::Reader reader(inner ? inner->value : outer->value);
    while (const auto node = reader.next()) {
      const bool harmless = std::ranges::find(kHarmless, node->tag) != kHarmless.end();
      text += harmless ? fmt::format(" {:X}={}", node->tag, hex(node->value))
                       : fmt::format(" {:X}=({} bytes)", node->tag, node->value.size());
    }
  } catch (const MalformedAnswer&) {
    text += fmt::format(" ({} bytes that are no template)", answer.size());
  }
  return text;
}

class Prober {
 public:
  Prober(apdu::Card& card, const ProfileSet& profiles) : card_(&card), profiles_(&profiles) {}

  std::string run(const std::string& reader, const std::optional<CardFacts>& pkcs15) {
    line("Kilt card report 1");
    line("This report holds no names, numbers, keys or file contents of the card's owner.");
    section("Card");
    line("reader: " + shown_reader(reader));
    line("ATR: " + shown_atr(card_->atr()));
    describe_atr();
    const Profile* profile = profiles_->match(card_->atr());
    line(fmt::format("profile by ATR: {}", profile == nullptr ? "none" : profile->name));
    if (profile != nullptr && !profile->unsupported.empty()) line("  " + profile->unsupported);
    if (profile != nullptr && !profile->foreign.empty()) line("  " + profile->foreign);
    chip();
    applications();
    files();
    directory(pkcs15);
    if (profile != nullptr) keys_and_pins(*profile);
    return text_;
  }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }
  void section(const char* title) { line(fmt::format("\n[{}]", title)); }

  Response send(const Command& command) { return card_->send(command); }

  void describe_atr() {
    const auto atr = apdu::Atr::parse(card_->atr());
    if (!atr) return line("  not a well-formed ATR");
    line(fmt::format("  protocol T={} in use, first offered T={}; checksum {}",
                     card_->connection().protocol(), atr->protocol,
                     atr->checksum_ok ? "right" : "wrong"));
    const bool text =
        std::ranges::all_of(atr->historical, [](Byte b) { return b >= 0x20 && b < 0x7F; });
    if (text && !atr->historical.empty())
      line(fmt::format("  historical bytes as text: {}", to_text(atr->historical)));
  }

  /// Card production life cycle data (GlobalPlatform): the first ten bytes name chip and operating
  /// system; behind them stand serial numbers.
  void chip() {
    section("Chip");
    constexpr std::size_t kHeaderSize = 3, kNaming = 10;
    const Response cplc = send(Command::case2(0x80, 0xCA, 0x9F, 0x7F, apdu::kLeShortMax));
    if (cplc.ok() && cplc.data.size() >= kHeaderSize + kNaming)
      line("CPLC: " + hex(BytesView(cplc.data).subspan(kHeaderSize, kNaming)) +
           " (serial numbers left out)");
    else
      line("CPLC: " + cplc.sw.hex());
    // Names of Thales' IAS Classic applet and its version (public notes on that family).
    for (const std::uint16_t tag : {std::uint16_t{0x7F30}, std::uint16_t{0xDF30}}) {
      const Response answer = send(apdu::get_data(tag, apdu::kLeShortMax));
      line(fmt::format("GET DATA {:04X}: {}, {} bytes", tag, answer.sw.hex(), answer.data.size()));
    }
  }

  void applications() {
    section("Applications by name");
    struct Name {
      std::string what;
      Bytes aid;
    };
    std::vector<Name> names{
        {"PKCS#15", from_hex("A000000063504B43532D3135")},
        {"GlobalPlatform card manager", from_hex("A000000151000000")},
        {"GlobalPlatform card manager, older", from_hex("A000000003000000")},
        {"travel document (ICAO)", from_hex("A0000002471001")},
    };
    for (const Profile& profile : profiles_->all())
      for (const Bytes& aid : profile.aids) names.push_back({profile.name, aid});
    for (const Name& name : names) {
      const Response answer = send(apdu::select(0x04, 0x00, name.aid));
      line(fmt::format("{} {}: {} {}", hex(name.aid), name.what, answer.sw.hex(),
                       answer.ok() ? describe_fci(answer.data) : ""));
    }
  }

  /// File ids that profiles of this kind use; SELECT only.
  void files() {
    section("Files by path");
    for (const char* path :
         {"3F00", "3F00 2F00", "3F00 2F01", "3F00 0101", "3F00 4F00", "3F00 5000", "3F00 5015",
          "3F00 5F00", "3F00 4F00 5031", "3F00 5000 5031", "3F00 0101 5031", "3F00 5F00 EF08",
          "3F00 5F00 EF09"})
      line(fmt::format("{}: {}", path, select_path(from_hex(path))));
  }

  std::string select_path(BytesView path) {
    std::string found;
    for (std::size_t i = 0; i + 2 <= path.size(); i += 2) {
      Response answer = send(apdu::select(0x00, 0x04, path.subspan(i, 2)));
      if (answer.sw == sw::kIncorrectP1P2)
        answer = send(apdu::select(0x00, 0x00, path.subspan(i, 2)));
      if (answer.sw == sw::kIncorrectP1P2)
        answer = send(apdu::select(0x00, 0x0C, path.subspan(i, 2), true));
      found = answer.sw.hex();
      if (!answer.ok()) return found;
      if (!answer.data.empty()) found += " " + describe_fci(answer.data);
    }
    return found;
  }

  void directory(const std::optional<CardFacts>& facts) {
    section("PKCS#15");
    if (!facts) return line("none found");
    if (!facts->aid.empty()) line("selected as " + hex(facts->aid));
    if (!facts->path.empty()) line("in DF " + hex(facts->path));
    line(fmt::format("TokenInfo: {}, lastUpdate: {}", facts->token_info ? "yes" : "no",
                     facts->last_update ? "yes" : "no"));
    for (const auto& pin : facts->pins)
      line(
          fmt::format("PIN: reference {:02X}, type {}, {} to {} characters, {} stored, flags {:X}, "
                      "pad {}",
                      pin.reference, pin.type, pin.min_length, pin.max_length, pin.stored_length,
                      pin.flags, pin.pad ? fmt::format("{:02X}", *pin.pad) : "none"));
    for (const auto& key : facts->keys)
      line(fmt::format("private key: reference {:02X}, {} {} bits, usage {:X}{}", key.reference,
                       key.is_rsa ? "RSA" : "other", key.bits, key.usage,
                       key.user_consent ? ", PIN at every use" : ""));
    for (const std::size_t size : facts->certificates)
      line(size == 0 ? "certificate: cannot be read" : fmt::format("certificate: {} bytes", size));
    line(fmt::format("data objects: {}", facts->data_objects));
    for (const std::string& odd : facts->odd) line("odd: " + odd);
  }

  void keys_and_pins(const Profile& profile) {
    section("By the profile");
    const CardCommands& commands = profile.commands;
    const auto enter = [&](const std::vector<CommandTemplate>& steps) {
      for (const CommandTemplate& step : steps) {
        const Response answer = send(step.fill({}));
        if (!answer.ok()) line("SELECT: " + answer.sw.hex());
      }
    };
    if (!commands.public_key.command.empty()) enter(commands.select);
    for (const KeySlot& slot : commands.keys) {
      const Bytes number{slot.number}, reference{slot.reference};
      for (const CommandTemplate& step : commands.public_key.command.steps) {
        const Response answer = send(step.fill({{"n", number}, {"kk", reference}}));
        // The header of the answer, not the key: a public key identifies its owner.
        constexpr std::size_t kHeader = 15;
        const BytesView head = BytesView(answer.data).first(std::min(answer.data.size(), kHeader));
        line(fmt::format("key {:02X}: {}, {} bytes {}", slot.reference, answer.sw.hex(),
                         answer.data.size(), answer.ok() ? hex(head) : ""));
      }
    }
    // Only where it was seen on a real card that it spends no try.
    const auto counter = [&](const char* what, const std::optional<PinRules>& pin) {
      if (!pin) return;
      if (pin->status.empty() || !pin->status.verified)
        return line(fmt::format("{}: counter not asked, the profile does not allow it", what));
      enter(pin->select);
      const Bytes reference{pin->reference};
      for (const CommandTemplate& step : pin->status.steps)
        line(fmt::format("{}: {}", what, send(step.fill({{"ref", reference}})).sw.hex()));
    };
    counter("user PIN", commands.user_pin);
    counter("SO PIN", commands.so_pin);
  }

  apdu::Card* card_;
  const ProfileSet* profiles_;
  std::string text_;
};

}  // namespace

std::string shown_atr(BytesView atr) {
  // 3B 8n 80 01 50: type B; the next four bytes are the card's own number (PUPI), and the last byte
  // is a checksum over it.
  const bool type_b = atr.size() > 9 && (atr[1] & 0xF0) == 0x80 && atr[2] == 0x80 &&
                      atr[3] == 0x01 && atr[4] == 0x50;
  if (!type_b) return hex(atr);
  return hex(atr.first(5)) + " xx xx xx xx " + hex(atr.subspan(9, atr.size() - 10)) + " xx";
}

std::string shown_reader(const std::string& name) {
  static const std::regex kNumber(R"(\([^)]*\)|[0-9A-Fa-f]{8,})");
  return std::regex_replace(name, kNumber, "(…)");
}

std::string probe_report(apdu::Card& card, const std::string& reader, const ProfileSet& profiles,
                         const std::optional<CardFacts>& pkcs15) {
  return Prober(card, profiles).run(reader, pkcs15);
}

}  // namespace kilt::tool
