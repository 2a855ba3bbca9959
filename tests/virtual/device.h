// A card in use: its state file, its faults, the count of its APDUs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tests/virtual/card.h"
#include "tests/virtual/faults.h"

namespace kilt::vtoken {

class Device {
 public:
  /// `state`: file to load from, if it exists, and to write after every command that changed
  /// something persistent. Throws std::exception for a state that does not fit.
  Device(std::unique_ptr<Card> card, std::optional<std::filesystem::path> state);

  [[nodiscard]] Card& card() noexcept { return *card_; }
  [[nodiscard]] Faults& faults() noexcept { return faults_; }
  [[nodiscard]] Bytes atr() const { return card_->atr(); }
  void reset() { card_->reset(); }
  /// The answer; nothing if the token left its reader meanwhile (power loss, fault): present() is
  /// false then until insert().
  std::optional<Bytes> transmit(const Bytes& command);

  [[nodiscard]] bool present() const noexcept { return present_; }
  void remove();
  void insert();
  [[nodiscard]] unsigned long count() const noexcept { return count_; }
  /// Comparisons of a PIN that the card answered with "wrong": tries that were spent, whether or
  /// not a right one has filled the counter again.
  [[nodiscard]] unsigned long tries_spent() const noexcept { return tries_spent_; }
  /// Writes the state file if something changed.
  void save();

 private:
  std::unique_ptr<Card> card_;
  std::optional<std::filesystem::path> state_;
  nlohmann::json saved_;
  Faults faults_;
  bool present_ = true;
  unsigned long count_ = 0;
  unsigned long tries_spent_ = 0;
};

}  // namespace kilt::vtoken
