// A virtual JaCarta PKI: the "LASER" applet of Athena's IDProtect cards, as publicly known from
// recordings of a real IDProtect card and from the vendor's OpenSC driver (see tests/data/jacarta).
// Where the sources leave a point open, a switch offers each reading.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "tests/virtual/jacarta/apdu.h"
#include "tests/virtual/jacarta/channel.h"
#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/tree.h"

namespace kilt::vtoken::jacarta {

class Laser : public Card {
 public:
  Laser();
  [[nodiscard]] Bytes atr() const override;
  void reset() override;
  [[nodiscard]] Bytes transmit(const Bytes& command) override;
  [[nodiscard]] nlohmann::json save() const override;
  void load(const nlohmann::json& state) override;
  void set(const std::string& key, const std::string& value) override;
  [[nodiscard]] std::vector<std::string> switches() const override;

  /// The master file, for tests that put a recorded card's files in place.
  [[nodiscard]] File& master() { return *master_; }

 private:
  Bytes finish(Answer answer);
  Answer secured(const Apdu& wrapped);
  void spoil(Bytes& wrapped) const;
  Answer assemble(const Apdu& apdu);
  Answer dispatch(const Apdu& apdu);
  Answer dispatch_proprietary(const Apdu& apdu);

  // Files
  Answer select(const Apdu& apdu);
  Answer select_applet(const Apdu& apdu);
  Answer enter(File& file, std::uint8_t p2);
  Answer list(const Apdu& apdu);
  Answer read_binary(const Apdu& apdu);
  Answer update_binary(const Apdu& apdu);
  Answer reallocate(const Apdu& apdu);
  Answer create(const Apdu& apdu);
  Answer remove(const Apdu& apdu);
  Answer get_data(const Apdu& apdu);
  [[nodiscard]] Bytes control_information(const File& file) const;
  [[nodiscard]] Bytes shown_properties(const File& file) const;
  [[nodiscard]] std::size_t memory_left() const;

  // PINs
  Answer get_challenge(const Apdu& apdu);
  Answer verify(const Apdu& apdu);
  Answer secure_verify(const Apdu& apdu);
  Answer judge(File& pin, bool right);
  Answer clear_status(const Apdu& apdu);
  Answer reset_counter(const Apdu& apdu);
  Answer put_value(const Apdu& apdu);
  [[nodiscard]] unsigned set_pin(File& pin, const Bytes& value);
  [[nodiscard]] unsigned set_key(File& key, const Bytes& value);

  // Keys
  Answer generate(const Apdu& apdu);
  Answer get_public_key(const Apdu& apdu);
  Answer perform_security_operation(const Apdu& apdu);
  Answer use_rsa(const File& key, unsigned operation, const Bytes& input);
  Answer use_secret(const File& key, unsigned operation, const Bytes& input);

  // Secure messaging
  [[nodiscard]] Group group_in_use() const;
  Answer channel_parameters();
  Answer open_channel(const Apdu& apdu);

  // Contents of a new card
  void personalise();
  void format();
  File* add(File* parent, Type type, std::uint16_t id, const char* name, const char* access,
            Bytes body = {});
  void add_pin(std::uint16_t id, const std::string& value, const char* access,
               const char* properties);
  void add_key(File* parent, std::uint16_t id, std::size_t size, const char* properties,
               const char* access, const std::optional<RsaKey>& rsa);
  void add_samples();
  void add_logic(std::uint16_t id, const char* expression);

  /// The rule for operation `which` (place in tag 86) of the file is fulfilled.
  [[nodiscard]] bool allowed(const File& file, std::size_t which, const Apdu& apdu) const;
  /// The KO under the master file has been verified, or its expression over others is true.
  [[nodiscard]] bool satisfied(std::uint16_t reference) const;
  [[nodiscard]] bool is(const std::string& name, const std::string& value) const;
  [[nodiscard]] Bytes random(std::size_t count);
  /// Something persistent is about to change: the power may fail just before it.
  void about_to_write();

  std::unique_ptr<File> master_;
  Bytes serial_;
  Bytes static_key_;  ///< the card's half of the key agreement
  std::map<std::string, std::string> switches_;
  bool used_ = false;  ///< no longer as it was made

  // Volatile
  bool applet_ = false;  ///< selected
  File* directory_ = nullptr;
  File* selected_ = nullptr;
  std::set<const File*> verified_;
  Bytes challenge_;
  std::optional<Channel> channel_;
  Bytes chain_;
  unsigned chain_header_ = 0;  ///< INS and P1-P2 of the chain under way
  Bytes pending_;              ///< for GET RESPONSE

  Bytes atr_;                 ///< another than the personality's
  std::deque<Bytes> random_;  ///< next values, for replays
  unsigned long power_countdown_ = 0;
};

}  // namespace kilt::vtoken::jacarta
