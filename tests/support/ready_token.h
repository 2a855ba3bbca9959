// Virtual tokens of every family as somebody uses them: personalised, with a key and a user PIN.
#pragma once

#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "drivers/registry.h"
#include "tests/support/certificates.h"
#include "tests/support/counting_endpoint.h"
#include "tests/support/memory_transport.h"
#include "tests/support/virtual_endpoint.h"
#include "tests/virtual/facts.h"

namespace kilt::test {

/// A family, and what tests must know of its virtual token.
struct Family {
  std::string kind;
  std::string pin;
  bool bare = false;       ///< has no key: one is made first
  bool formatted = false;  ///< and what makes it needs no format
};

inline void PrintTo(const Family& family, std::ostream* out) { *out << family.kind; }

/// As the virtual token's kinds.json describes it (tests/virtual/facts.h).
[[nodiscard]] inline Family described(const nlohmann::ordered_json& facts) {
  const std::string prepared = facts.at("prepared");
  return {facts.at("kind"), facts.value("user_pin", std::string("135790")), prepared != "ready",
          prepared == "formatted"};
}
[[nodiscard]] inline Family family_of(const std::string& name) {
  for (const auto& facts : vtoken::facts())
    if (facts.at("name") == name) return described(facts);
  throw std::invalid_argument("no kinds.json describes '" + name + "'");
}

/// Every kind with RSA keys that works without a profile of the user's.
inline const std::vector<Family> kFamilies = [] {
  std::vector<Family> families;
  for (const auto& facts : vtoken::facts()) {
    if (facts.at("name") != facts.at("kind") || facts.value("wants_profile", false) ||
        facts.at("key") != "RSA")
      continue;
    families.push_back(described(facts));
  }
  return families;
}();

/// A command that compares a PIN, in any family.
[[nodiscard]] inline bool compares(BytesView command) {
  if (command.size() <= 5) return false;
  return command[1] == 0x20 || command[1] == 0x11 || command[1] == 0x82;
}
/// How many of them the card got.
[[nodiscard]] inline std::size_t comparisons(const CountingEndpoint& card) {
  std::size_t found = 0;
  for (const Bytes& command : card.commands())
    if (compares(command)) ++found;
  return found;
}

/// A key pair with this id, and its certificate.
inline void add_pair(Token& token, Byte id) {
  KeySpec spec;
  spec.bits = 1024;
  spec.id = {id};
  spec.label = id == 1 ? "key" : "key " + std::to_string(id);
  spec.usage.sign = spec.usage.decrypt = true;
  const ObjectRef made = token.generate_key(spec);
  for (const Key& key : token.list().keys) {
    if (key.ref != made) continue;
    PublicKey half = key.public_key;
    if (std::holds_alternative<std::monostate>(half)) half = token.read_public_key(key.ref);
    Certificate certificate;
    certificate.id = spec.id;
    certificate.label = spec.label;
    const Bytes der = make_certificate(std::get<RsaPublicKey>(half), spec.label);
    static_cast<void>(token.write_certificate(certificate, der));
    return;
  }
}

/// A token of its own, ready for use: two of a family have different serial numbers.
[[nodiscard]] inline std::shared_ptr<CountingEndpoint> ready_token(const Family& family,
                                                                   unsigned keys = 1) {
  auto virtual_card = std::make_shared<VirtualEndpoint>(vtoken::make_card(family.kind));
  auto endpoint = std::make_shared<CountingEndpoint>(virtual_card);
  if (!family.bare) return endpoint;
  MemoryTransport readers;
  readers.add_reader("r");
  readers.insert("r", endpoint);
  apdu::Card card(readers.connect("r"));
  const auto token = open_token(card, ProfileSet::builtin());
  const auto pin = [&] { return SecureBytes(to_bytes(std::string_view(family.pin))); };
  FormatRequest format;
  format.label = "Ready";
  format.so_pin = SecureBytes(to_bytes(std::string_view("87654321")));
  format.user_pin = pin();
  format.erase_without_so_pin = true;
  if (!family.formatted) token->format(format);
  token->login(PinRole::kUser, pin());
  for (unsigned number = 1; number <= keys; ++number) add_pair(*token, static_cast<Byte>(number));
  token->logout();
  virtual_card->reset();
  return endpoint;
}

/// Something that the key can sign, by a scheme that the token has.
struct Signable {
  SignScheme scheme;
  Bytes input;
};
[[nodiscard]] inline Signable signable(Token& token, const Key& key) {
  if (key.type == KeyType::kEc) return {SignScheme::kEcdsa, Bytes(32, 0x42)};
  if (!token.capabilities().has(SignScheme::kRsaRaw)) {
    // DigestInfo of a SHA-256 value
    Bytes info = from_hex("3031300D060960864801650304020105000420");
    append(info, Bytes(32, 0x42));
    return {SignScheme::kRsaPkcs1, info};
  }
  Bytes block(key.bits / 8, 0xFF);
  block[0] = 0x00;
  block[1] = 0x01;
  block[block.size() - 52] = 0x00;
  return {SignScheme::kRsaRaw, block};
}

}  // namespace kilt::test
