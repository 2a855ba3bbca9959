// The virtual eToken with the eToken Java applet (eToken PRO Java 72K; 5100 and 5110 of that kind):
// the command set as publicly known from a boot driver that ran on 72K tokens, from notes on live
// tokens and from two recordings of a 5110 (see tests/data/etoken). Commands nobody has published -
// PIN change, creation, key generation, secure messaging - do not exist here either: what they
// would do is set by the switches and by the state file (tests/virtual/etoken/README.md).
#pragma once

#include <map>
#include <set>

#include "tests/virtual/etoken/applet/tree.h"
#include "tests/virtual/etoken/switches.h"

namespace kilt::vtoken::etoken {

/// Legacy: applet 1.1.25 with RSA keys; current: 1.8.5 with EC keys, as recorded.
enum class Personality : std::uint8_t { kLegacy, kCurrent };

class Applet : public Card {
 public:
  explicit Applet(Personality personality);
  [[nodiscard]] Bytes atr() const override;
  void reset() override;
  [[nodiscard]] Bytes transmit(const Bytes& command) override;
  [[nodiscard]] nlohmann::json save() const override;
  void load(const nlohmann::json& state) override;
  void set(const std::string& key, const std::string& value) override;
  [[nodiscard]] std::vector<std::string> switches() const override;

 private:
  /// A PIN as the card has it: the derived key, never the PIN itself.
  struct Pin {
    Bytes key;
    unsigned tries_max = 15, tries_left = 15;
  };

  Answer dispatch(const Apdu& apdu);
  [[nodiscard]] Bytes finish(const Apdu& apdu, const Answer& answer) const;

  // Files
  Answer select(const Apdu& apdu);
  Answer select_application(const Apdu& apdu);
  Answer enter(File* file, bool with_information);
  [[nodiscard]] Bytes control_information(const File& file) const;
  /// A data object of an answer.
  void put(Bytes& answer, std::uint8_t tag, const Bytes& value) const;
  Answer list(const Apdu& apdu);
  Answer read(const Apdu& apdu);
  Answer update(const Apdu& apdu);
  Answer get_data(const Apdu& apdu) const;
  [[nodiscard]] bool permitted(const File& file, std::size_t operation);

  // Login
  Answer give_challenge(const Apdu& apdu);
  Answer authenticate(const Apdu& apdu);
  Answer key_information(const Apdu& apdu);
  Answer stamp(const Apdu& apdu);
  [[nodiscard]] bool pins_reachable() const;
  [[nodiscard]] bool logged_in(std::uint8_t reference);
  [[nodiscard]] Bytes derived_key(std::uint8_t reference, const std::string& pin) const;
  void log_out();

  // Keys
  Answer private_operation(const Apdu& apdu);
  Answer public_part(const Apdu& apdu);

  // Host interface
  void personalise();
  void personalise_token_folder(File& token);
  void personalise_objects(File& objects);
  void add_rsa_pairs(File& objects, unsigned count);
  void add_cryptopro_container(File& token);
  void set_tries(unsigned tries);
  [[nodiscard]] File* salt_file() const;
  [[nodiscard]] bool current() const { return personality_ == Personality::kCurrent; }
  [[nodiscard]] bool is(const char* name, const char* value) const {
    return switches_.is(name, value);
  }

  Personality personality_;
  Switches switches_;
  unsigned rsa_pairs_;
  std::unique_ptr<File> master_;
  std::map<std::uint8_t, Pin> pins_;  ///< by reference: 11 user, 15 SO
  Bytes serial_, stamp_;

  // Volatile
  File* directory_ = nullptr;
  File* selected_ = nullptr;  ///< EF
  Bytes challenge_;
  std::set<std::uint8_t> authenticated_;
  unsigned age_of_login_ = 0;  ///< commands since
};

}  // namespace kilt::vtoken::etoken
