// A virtual Kaztoken as somebody uses it: personalised, one RSA key pair.
#pragma once

#include "drivers/registry.h"
#include "tests/support/memory_transport.h"
#include "tests/support/virtual_endpoint.h"

namespace kilt::test {

inline const std::string kSoPin = "87654321";
inline const std::string kUserPin = "135790";

/// A personalised virtual Kaztoken with one RSA-1024 key pair, as a saved state; made once.
inline nlohmann::json ready_kaztoken() {
  static const nlohmann::json state = [] {
    const auto endpoint = std::make_shared<VirtualEndpoint>(vtoken::make_card("kaztoken"));
    MemoryTransport readers;
    readers.add_reader("r");
    readers.insert("r", endpoint);
    apdu::Card card(readers.connect("r"));
    const auto token = open_token(card, ProfileSet::builtin());
    FormatRequest format;
    format.label = "Ready";
    format.so_pin = SecureBytes(to_bytes(kSoPin));
    format.user_pin = SecureBytes(to_bytes(kUserPin));
    token->format(format);
    token->login(PinRole::kUser, SecureBytes(to_bytes(kUserPin)));
    KeySpec spec;
    spec.bits = 1024;
    spec.label = "key";
    spec.usage.sign = spec.usage.decrypt = true;
    (void)token->generate_key(spec);
    return endpoint->card().save();
  }();
  return state;
}

}  // namespace kilt::test
