#include "drivers/profile/draft.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "drivers/errors.h"
#include "drivers/iso7816/discover.h"
#include "drivers/pkcs15/objects.h"

namespace kilt {
namespace {

constexpr std::array<const char*, 5> kEncodings{"bcd", "ascii-numeric", "utf8", "half-nibble-bcd",
                                                "iso9564-1"};

std::size_t certificate_size(pkcs15::Objects& application, const Certificate& certificate) {
  try {
    return application.read_certificate(certificate.ref).size();
  } catch (const CardRemoved&) {
    throw;
  } catch (const CardReset&) {
    throw;
  } catch (const Error&) {
    return 0;
  }
}

std::string spaced(BytesView bytes) {
  std::string text;
  for (const Byte byte : bytes) text += fmt::format("{}{:02X}", text.empty() ? "" : " ", byte);
  return text;
}

bool has(const pkcs15::PinEntry& pin, std::uint32_t flag) { return (pin.flags & flag) != 0; }

std::string pin_section(const pkcs15::PinEntry& pin) {
  constexpr unsigned kMostCharacters = 64;
  const unsigned stored = std::min(pin.stored_length, kMostCharacters);
  const unsigned longest = pin.max_length != 0 ? pin.max_length : stored;
  const unsigned max = std::clamp(longest, 1U, kMostCharacters);
  const unsigned min = std::clamp(pin.min_length, 1U, max);
  const char* encoding = kEncodings.at(std::min<std::size_t>(pin.type, kEncodings.size() - 1));
  std::string text = fmt::format(
      "# What the card's directory says of its PIN; the driver reads it there by itself. Remove "
      "the\n"
      "# '#' only to overrule it.\n"
      "# [pin.user]\n# reference = 0x{:02X}\n# encoding = \"{}\"\n# min = {}\n# max = {}\n",
      pin.reference, encoding, min, max);
  if (stored != 0) text += fmt::format("# stored = {}\n", std::max(stored, max));
  if (stored != 0 && has(pin, pkcs15::pin_flag::kNeedsPadding))
    text += fmt::format("# pad = 0x{:02X}\n", pin.pad.value_or(0));
  return text + "\n";
}

std::string key_lines(const CardFacts& facts) {
  std::string text;
  for (const CardFacts::Key& key : facts.keys)
    text += fmt::format("#   reference 0x{:02X}, {} {} bits, usage flags 0x{:X}\n", key.reference,
                        key.is_rsa ? "RSA" : "other", key.bits, key.usage);
  return text.empty() ? text : "# Keys of its directory:\n" + text + "\n";
}

}  // namespace

std::optional<CardFacts> look_at_pkcs15(apdu::Card& card) {
  iso7816::Files files(card);
  const auto found = iso7816::find_pkcs15(files);
  if (!found) return std::nullopt;
  pkcs15::Objects application(files, found->base);
  application.set_paths(found->odf, found->token_info);
  CardFacts facts;
  facts.aid = found->application.aid;
  facts.path = found->application.path;
  application.load();
  facts.pins = application.read_pins();
  for (auto& pin : facts.pins) pin.common.label.clear();
  for (const kilt::Key& key : application.list().keys) {
    const pkcs15::KeyEntry* entry = application.private_entry(key.ref);
    if (entry == nullptr) continue;
    facts.keys.push_back({entry->reference, key.bits, entry->usage, key.type == KeyType::kRsa,
                          key.always_authenticate});
  }
  for (const Certificate& certificate : application.list().certificates)
    facts.certificates.push_back(certificate_size(application, certificate));
  facts.data_objects = application.list().data.size();
  if (const auto token = application.read_token_info()) {
    facts.token_info = true;
    facts.last_update = !token->last_update.empty();
  }
  for (const OddObject& odd : application.list().odd) facts.odd.push_back(odd.description);
  return facts;
}

std::string draft_profile(BytesView atr, const std::optional<CardFacts>& facts) {
  std::string text =
      "# A draft made by 'kilt probe --to-profile'. Give it a name, complete it, check it with\n"
      "# 'kilt profile check', and put it into ~/.config/kilt/tokens. See conf/tokens/README.md.\n"
      "name = \"my-card\"\nfamily = \"iso7816\"\nlabel = \"My card\"\nverified = false\n"
      "experimental = true\nnotes = \"drafted by kilt probe\"\n";
  if (facts && !facts->aid.empty())
    text += fmt::format("# The PKCS#15 application is selected as {}.\n", spaced(facts->aid));
  if (facts && !facts->path.empty())
    text += fmt::format("# The PKCS#15 application is in DF {}.\n", spaced(facts->path));
  text += fmt::format("discovery = {}\n\n[[atr]]\nnote = \"from kilt probe\"\nvalue = \"{}\"\n\n",
                      facts ? "true" : "false", spaced(atr));
  if (facts) {
    const auto user = std::ranges::find_if(facts->pins, [](const pkcs15::PinEntry& pin) {
      return !has(pin, pkcs15::pin_flag::kUnblockingPin) && !has(pin, pkcs15::pin_flag::kSoPin);
    });
    if (user != facts->pins.end()) text += pin_section(*user);
    text += key_lines(*facts);
  }
  text +=
      "# The standard's way to sign, which is tried without a profile too; change it if your card\n"
      "# signs in another one.\n"
      "# [sign]\n# environment = \"00 22 41 B6 06 80 01 {aa} 84 01 {kk}\"\n"
      "# command = \"00 2A 9E 9A {Lc} {input} {Le}\"\n# algorithm = { any = 0x02 }\n";
  return text;
}

}  // namespace kilt
