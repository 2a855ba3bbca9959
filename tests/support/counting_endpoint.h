// A card that counts the APDUs it gets and can be told to fail: for budget and fault tests.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "tests/support/memory_transport.h"

namespace kilt::test {

class CountingEndpoint : public CardEndpoint {
 public:
  /// Sees the command before the card; an answer it gives is taken instead of the card's.
  using Intercept = std::function<std::optional<Bytes>(BytesView command)>;

  explicit CountingEndpoint(std::shared_ptr<CardEndpoint> card) : card_(std::move(card)) {}

  [[nodiscard]] Bytes atr() const override { return card_->atr(); }
  void reset() override { card_->reset(); }
  Bytes transmit(BytesView command) override {
    commands_.push_back(to_bytes(command));
    if (intercept_)
      if (auto answer = intercept_(command)) return *answer;
    return card_->transmit(command);
  }

  [[nodiscard]] std::size_t count() const noexcept { return commands_.size(); }
  [[nodiscard]] const std::vector<Bytes>& commands() const noexcept { return commands_; }
  /// APDUs with this instruction byte.
  [[nodiscard]] std::size_t count_ins(Byte ins) const {
    std::size_t found = 0;
    for (const Bytes& command : commands_)
      if (command.size() > 1 && command[1] == ins) ++found;
    return found;
  }
  void restart_count() noexcept { commands_.clear(); }
  void intercept(Intercept intercept) { intercept_ = std::move(intercept); }

 private:
  std::shared_ptr<CardEndpoint> card_;
  std::vector<Bytes> commands_;
  Intercept intercept_;
};

}  // namespace kilt::test
