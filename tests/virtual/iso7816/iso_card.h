// What the cards of the ISO 7816 kind have in common: switches, state, PIN counters, chaining and
// the two transmission protocols.
#pragma once

#include <map>
#include <set>

#include "tests/virtual/iso7816/apdu.h"

namespace kilt::vtoken::iso {

/// A PIN or PUK.
struct Pin {
  Bytes value;  ///< as the card compares it: padded, if it is stored so
  unsigned tries = 3, max = 3;

  [[nodiscard]] nlohmann::json save() const;
  void load(const nlohmann::json& state);
};

class IsoCard : public Card {
 public:
  void reset() final;
  [[nodiscard]] Bytes transmit(const Bytes& command) final;
  [[nodiscard]] nlohmann::json save() const final;
  void load(const nlohmann::json& state) final;
  void set(const std::string& key, const std::string& value) override;
  [[nodiscard]] std::vector<std::string> switches() const override;

 protected:
  struct Switch {
    const char* name;
    std::vector<std::string> values;  ///< the first is the default; one alone: any text
    const char* meaning;
    bool layout = false;  ///< describes a new card: cannot change once there are contents
  };

  IsoCard(std::string kind, std::vector<Switch> switches);

  /// Volatile state is gone.
  virtual void power_up() = 0;
  /// The contents of a new card: before its first command, when the switches are known.
  virtual void personalise() = 0;
  virtual Answer process(const Command& command) = 0;
  [[nodiscard]] virtual Manners manners() const = 0;
  virtual void save_contents(nlohmann::json& state) const = 0;
  virtual void load_contents(const nlohmann::json& state) = 0;

  [[nodiscard]] bool is(const std::string& name, const std::string& value) const;
  [[nodiscard]] const std::string& setting(const std::string& name) const;
  [[nodiscard]] bool has_contents() const noexcept { return has_contents_; }
  /// Something persistent is about to change: the power may fail just before it.
  void about_to_write();

  /// Compares, counts, remembers a success under `reference`: 9000, 63Cx or 6983.
  unsigned check_pin(std::uint8_t reference, Pin& pin, const Bytes& presented);
  /// What a VERIFY without data says of it.
  [[nodiscard]] unsigned pin_status(std::uint8_t reference, const Pin& pin) const;
  [[nodiscard]] bool verified(std::uint8_t reference) const {
    return verified_.contains(reference);
  }
  void forget_pin(std::uint8_t reference) { verified_.erase(reference); }

 private:
  Answer complete(Command command);
  Answer get_response(const Command& command);
  Answer transport(const Command& command, Answer answer);

  std::string kind_;
  std::vector<Switch> known_;
  std::map<std::string, std::string> settings_;
  bool has_contents_ = false;
  unsigned long power_countdown_ = 0;
  unsigned long pin_attempts_ = 0;  ///< PINs and PUKs presented in all the card's life

  // Volatile
  std::set<std::uint8_t> verified_;
  Bytes pending_;  ///< for GET RESPONSE
  Bytes chain_;
  unsigned chain_of_ = 0;  ///< INS, P1, P2 of the chain under way
};

}  // namespace kilt::vtoken::iso
