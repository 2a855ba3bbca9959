// An IAS-ECC-like card: keys and PINs are security data objects (SDO) that GET DATA describes, as
// OpenSC's iasecc driver knows them; a PKCS#15 directory names the objects. No vendor's card: its
// ATR is its own.
#pragma once

#include <map>

#include "tests/virtual/iso7816/files.h"
#include "tests/virtual/iso7816/iso_card.h"

namespace kilt::vtoken::iasecc {

class IasEcc : public iso::IsoCard {
 public:
  IasEcc();
  [[nodiscard]] Bytes atr() const override;

 protected:
  void power_up() override;
  void personalise() override;
  iso::Answer process(const iso::Command& command) override;
  [[nodiscard]] iso::Manners manners() const override;
  void save_contents(nlohmann::json& state) const override;
  void load_contents(const nlohmann::json& state) override;

 private:
  /// What MSE SET chose.
  struct Environment {
    std::uint8_t key = 0, algorithm = 0;
  };

  // Contents
  void make_files();
  void make_application(iso::File& application);

  // PINs
  iso::Answer verify(const iso::Command& command);
  iso::Answer change_reference_data(const iso::Command& command);
  iso::Answer reset_retry_counter(const iso::Command& command);
  iso::Answer new_pin(const Bytes& value);
  [[nodiscard]] Bytes block(const std::string& digits) const;

  // Security data objects
  iso::Answer get_data(const iso::Command& command);
  iso::Answer put_data(const iso::Command& command);
  [[nodiscard]] Bytes object_data(std::uint8_t object_class, std::uint8_t number,
                                  const Bytes& wanted) const;
  [[nodiscard]] Bytes control_parameters(std::uint8_t object_class, std::uint8_t number) const;

  // Keys
  iso::Answer manage_security_environment(const iso::Command& command);
  iso::Answer generate(const iso::Command& command);
  iso::Answer hash(const Bytes& data);
  iso::Answer sign_hash();
  iso::Answer internal_authenticate(const iso::Command& command);
  iso::Answer decipher(const Bytes& data);
  iso::Answer perform_security_operation(const iso::Command& command);
  /// The key of an environment if it may be used now, or a status word.
  [[nodiscard]] std::pair<const Bytes*, unsigned> usable(std::uint8_t crt) const;

  iso::FileSystem files_;
  iso::Pin pin_, puk_;
  std::map<std::uint8_t, Bytes> keys_;  ///< by SDO number
  Bytes serial_;

  // Volatile
  std::map<std::uint8_t, Environment> environment_;  ///< by template tag
  Bytes hash_;
};

}  // namespace kilt::vtoken::iasecc
