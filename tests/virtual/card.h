// A virtual token: a card as a program. Each family is written from its fact sheet alone and shares
// no code or constant with the driver that it tests, so that the two can disagree.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kilt::vtoken {

using Bytes = std::vector<std::uint8_t>;

/// The power goes at this very moment: everything volatile is lost, what was written stays.
struct PowerLoss {};

class Card {
 public:
  Card() = default;
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;
  virtual ~Card() = default;

  /// Answer to reset.
  [[nodiscard]] virtual Bytes atr() const = 0;
  /// Power on or warm reset: volatile state (selection, login, channels) is gone.
  virtual void reset() = 0;
  /// One command APDU in, the answer with its status word out. Never throws for any input, except
  /// PowerLoss when a fault asks for it.
  [[nodiscard]] virtual Bytes transmit(const Bytes& command) = 0;

  /// What survives without power, to be given to load() of the same kind later.
  [[nodiscard]] virtual nlohmann::json save() const = 0;
  /// Throws std::exception if the document does not describe such a card.
  virtual void load(const nlohmann::json& state) = 0;
  /// A switch of the family (`--set key=value`): personality, ambiguities of the public facts,
  /// faults inside the card. Throws std::invalid_argument with what is allowed.
  virtual void set(const std::string& key, const std::string& value);
  /// Switches of this family, one line each, for `--help`.
  [[nodiscard]] virtual std::vector<std::string> switches() const { return {}; }
};

/// A kind of token.
struct Kind {
  const char* name;     ///< as on the command line
  const char* summary;  ///< one line
  std::unique_ptr<Card> (*make)();
};

/// All kinds; one line per family in kinds.cpp.
[[nodiscard]] std::span<const Kind> kinds();
/// A new card. Throws std::invalid_argument for an unknown kind.
[[nodiscard]] std::unique_ptr<Card> make_card(const std::string& kind);

}  // namespace kilt::vtoken
