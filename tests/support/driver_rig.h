// A driver on a virtual token inside the process, without PKCS#11 above it.
#pragma once

#include <memory>
#include <string>

#include "apdu/card.h"
#include "drivers/registry.h"
#include "tests/support/counting_endpoint.h"
#include "tests/support/damaged_answers.h"
#include "tests/support/virtual_endpoint.h"

namespace kilt::test {

class DriverRig {
 public:
  explicit DriverRig(const std::string& kind)
      : virtual_card(std::make_shared<VirtualEndpoint>(vtoken::make_card(kind))),
        damager(std::make_shared<DamagingEndpoint>(virtual_card)),
        counter(std::make_shared<CountingEndpoint>(damager)) {
    readers.add_reader("reader");
    readers.insert("reader", counter);
  }

  /// Connects anew and binds the driver, as a program does that has just started.
  Token& open() {
    token.reset();
    card.emplace(readers.connect("reader"));
    token = open_token(*card, ProfileSet::builtin());
    return *token;
  }

  std::shared_ptr<VirtualEndpoint> virtual_card;
  std::shared_ptr<DamagingEndpoint> damager;
  std::shared_ptr<CountingEndpoint> counter;
  MemoryTransport readers;
  std::optional<apdu::Card> card;
  std::unique_ptr<Token> token;
};

inline SecureBytes pin(std::string_view text) { return SecureBytes(to_bytes(text)); }

}  // namespace kilt::test
