// The virtual IDPrime (eToken 5110 CC and 5110 with IDPrime 940, IDPrime 840, eToken 5110+): the
// applet "IAS Classic v4" as publicly known from OpenSC's driver, logs of the vendor's software and
// open descriptions of cards with the same applet (see tests/data/etoken). How keys and
// certificates come onto it is not public: the state is made by switches and the state file
// (tests/virtual/etoken/README.md).
#pragma once

#include <array>
#include <map>

#include "tests/virtual/etoken/key_pair.h"
#include "tests/virtual/etoken/switches.h"
#include "tests/virtual/etoken/wire.h"

namespace kilt::vtoken::etoken {

class IdPrime : public Card {
 public:
  IdPrime();
  [[nodiscard]] Bytes atr() const override;
  void reset() override;
  [[nodiscard]] Bytes transmit(const Bytes& command) override;
  [[nodiscard]] nlohmann::json save() const override;
  void load(const nlohmann::json& state) override;
  void set(const std::string& key, const std::string& value) override;
  [[nodiscard]] std::vector<std::string> switches() const override;

 private:
  struct Pin {
    std::string value;  ///< empty: not set up
    unsigned tries_max = 5, tries_left = 5;
    bool ever_changed = false;
  };
  struct Key {
    KeyPair pair;
    std::uint8_t pin = 0;  ///< reference of the PIN that it needs
    std::uint8_t container = 0;
  };
  struct File {
    Bytes body;
    Bytes access;  ///< tag 8C
    bool needs_login = false;
  };
  enum class Operation : std::uint8_t { kNone, kSign, kDecipher };

  Answer dispatch(const Apdu& apdu);
  Answer dispatch_selected(const Apdu& apdu);
  Bytes finish(const Apdu& apdu, Answer answer);
  [[nodiscard]] bool chained(const Apdu& apdu);

  Answer select(const Apdu& apdu);
  Answer read_binary(const Apdu& apdu);
  Answer get_data(const Apdu& apdu) const;
  Answer session_check(const Apdu& apdu) const;
  Answer get_challenge(const Apdu& apdu) const;
  Answer get_object(const Apdu& apdu) const;
  [[nodiscard]] Answer pin_object(std::uint8_t reference) const;
  [[nodiscard]] Answer public_key(const Key& key, const Bytes& wanted) const;

  Answer verify(const Apdu& apdu);
  Answer compare(std::uint8_t reference, const Bytes& given);
  Answer change_pin(const Apdu& apdu);
  void log_out(std::uint8_t reference);
  /// The PIN inside a field as this model wants it.
  [[nodiscard]] std::optional<std::string> pin_of(const Bytes& field) const;

  Answer manage_security_environment(const Apdu& apdu);
  Answer perform_security_operation(const Apdu& apdu);
  [[nodiscard]] Answer sign(const Bytes& data);
  [[nodiscard]] Answer decipher(const Bytes& data) const;
  [[nodiscard]] const Key* chosen_key() const;

  // Host interface
  void personalise();
  void make_files();
  void add_key(const std::string& kind, std::uint8_t pin);
  [[nodiscard]] std::uint8_t key_reference(std::size_t container) const;
  [[nodiscard]] Bytes key_map() const;
  [[nodiscard]] Bytes container_map() const;
  void add_to_index(Bytes& index, std::uint16_t id, const char* name, const char* directory) const;
  [[nodiscard]] bool t1() const;
  [[nodiscard]] bool is(const char* name, const char* value) const {
    return switches_.is(name, value);
  }

  Switches switches_;
  std::string key_kinds_, label_;
  Bytes card_id_, guids_;
  std::map<std::uint8_t, Pin> pins_;
  std::map<std::uint8_t, Key> keys_;     ///< by reference
  std::vector<Bytes> certificates_;      ///< by container, DER
  std::map<std::uint16_t, File> files_;  ///< made from the above

  // Volatile
  bool selected_ = false;  ///< the applet
  std::uint16_t file_ = 0;
  Bytes session_;
  std::map<std::uint8_t, bool> verified_;
  Operation operation_ = Operation::kNone;
  std::uint8_t algorithm_ = 0, key_ = 0;
  Bytes hash_, chain_, pending_;
  unsigned chain_header_ = 0, announced_header_ = 0;
  std::optional<Answer> announced_;  ///< given when the command comes again with the right Le
};

}  // namespace kilt::vtoken::etoken
