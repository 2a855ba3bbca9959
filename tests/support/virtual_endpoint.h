// A virtual token inside the test's own process: what MemoryTransport::insert() takes.
#pragma once

#include <memory>
#include <mutex>

#include "apdu/errors.h"
#include "tests/support/memory_transport.h"
#include "tests/virtual/card.h"

namespace kilt::test {

class VirtualEndpoint : public CardEndpoint {
 public:
  explicit VirtualEndpoint(std::unique_ptr<vtoken::Card> card) : card_(std::move(card)) {}

  [[nodiscard]] Bytes atr() const override { return from_card(card_->atr()); }
  void reset() override { card_->reset(); }
  Bytes transmit(BytesView command) override {
    const vtoken::Bytes bytes(command.begin(), command.end());
    try {
      return from_card(card_->transmit(bytes));
    } catch (const vtoken::PowerLoss&) {
      card_->reset();
      throw CardRemoved();
    }
  }
  [[nodiscard]] vtoken::Card& card() noexcept { return *card_; }

 private:
  static Bytes from_card(const vtoken::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

  std::unique_ptr<vtoken::Card> card_;
};

}  // namespace kilt::test
