// AKEYSIM: a made-up token by the public standards (ISO/IEC 7816-4, -8, PKCS#15 v1.1). Nothing
// technical is public of the aKey token, so this one claims no identity but its own; its switches
// are what tokens of this kind differ in.
#pragma once

#include <map>

#include "tests/virtual/iso7816/files.h"
#include "tests/virtual/iso7816/iso_card.h"
#include "tests/virtual/iso7816/pkcs15.h"

namespace kilt::vtoken::akey {

class AkeySim : public iso::IsoCard {
 public:
  AkeySim();
  [[nodiscard]] Bytes atr() const override;
  void set(const std::string& key, const std::string& value) override;
  [[nodiscard]] std::vector<std::string> switches() const override;

 protected:
  void power_up() override;
  void personalise() override;
  iso::Answer process(const iso::Command& command) override;
  [[nodiscard]] iso::Manners manners() const override;
  void save_contents(nlohmann::json& state) const override;
  void load_contents(const nlohmann::json& state) override;

 private:
  iso::Answer dispatch(const iso::Command& command);

  // Files
  iso::Answer select(const iso::Command& command);
  iso::Answer read_binary(const iso::Command& command);
  void leave_application();

  // Contents
  void make_directories();
  void make_objects(iso::File& application);
  void make_entry_points();
  [[nodiscard]] Bytes authentication_directory() const;
  [[nodiscard]] Bytes private_directory() const;
  [[nodiscard]] Bytes public_directory() const;
  [[nodiscard]] Bytes certificate_directory() const;
  void add_oddity(iso::File& application);
  [[nodiscard]] iso::pkcs15::Path path(std::uint16_t file) const;
  [[nodiscard]] Bytes object_id(unsigned number) const;
  /// With what follows the contents in a directory file.
  [[nodiscard]] Bytes with_padding(Bytes contents) const;

  // PINs
  [[nodiscard]] std::uint8_t pin_reference() const;
  [[nodiscard]] std::uint8_t puk_reference() const;
  iso::Answer verify(const iso::Command& command);
  iso::Answer change_reference_data(const iso::Command& command);
  iso::Answer reset_retry_counter(const iso::Command& command);
  iso::Answer new_pin(const Bytes& value);
  /// Cuts what a command presents into the value to be checked and what follows.
  [[nodiscard]] std::pair<Bytes, Bytes> cut(const Bytes& data, const iso::Pin& pin) const;
  [[nodiscard]] bool logged_in() const { return verified(pin_reference()); }

  // Keys
  iso::Answer generate(const iso::Command& command);
  iso::Answer manage_security_environment(const iso::Command& command);
  iso::Answer perform_security_operation(const iso::Command& command);
  iso::Answer sign(std::uint8_t crt, const Bytes& data);
  iso::Answer decipher(const Bytes& data);
  iso::Answer use(std::uint8_t crt, const std::function<std::optional<Bytes>(const Bytes&)>& how);
  /// Number of the container (1..4) a key reference names; 0: none.
  [[nodiscard]] unsigned container(std::uint8_t reference) const;
  [[nodiscard]] std::uint8_t first_reference() const;

  iso::FileSystem files_;
  iso::Pin pin_, puk_;
  std::map<unsigned, Bytes> keys_;  ///< containers 1..4; absent: no key
  Bytes serial_;

  // Volatile
  std::map<std::uint8_t, std::uint8_t> environment_;  ///< template tag -> container
};

}  // namespace kilt::vtoken::akey
