// A virtual ID card of Kazakhstan: the signature application of the SOMA chips as the CA's own
// published diagnostic tool (github.com/pkigovkz/KzIdCardVerifier) uses it, with what is public of
// its ATRs. Where that leaves a point open, a switch offers each reading. `portuguese=on` adds, by
// analogy, what Portugal's first citizen card of the same specification does (OpenSC's former
// card-ias.c, pteid-mw): nobody has seen it on a Kazakh card.
#pragma once

#include <array>

#include "tests/virtual/iso7816/files.h"
#include "tests/virtual/iso7816/iso_card.h"
#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::idcard {

class Soma : public iso::IsoCard {
 public:
  Soma();
  [[nodiscard]] Bytes atr() const override;

 protected:
  void power_up() override;
  void personalise() override;
  iso::Answer process(const iso::Command& command) override;
  [[nodiscard]] iso::Manners manners() const override;
  void save_contents(nlohmann::json& state) const override;
  void load_contents(const nlohmann::json& state) override;

 private:
  /// The security environment: what MSE SET chose for one operation.
  struct Environment {
    std::uint8_t key = 0;  ///< 0: nothing chosen
    std::uint8_t algorithm = 0;
  };

  iso::Answer select(const iso::Command& command);
  iso::Answer verify(const iso::Command& command);
  iso::Answer generate(const iso::Command& command);
  iso::Answer get_data(const iso::Command& command);
  iso::Answer manage_security_environment(const iso::Command& command);
  iso::Answer internal_authenticate(const iso::Command& command);

  // The Portuguese card's set
  iso::Answer change_reference_data(const iso::Command& command);
  iso::Answer reset_retry_counter(const iso::Command& command);
  iso::Answer decipher(const iso::Command& command);
  void add_certificates();

  [[nodiscard]] bool portuguese() const { return is("portuguese", "on"); }
  [[nodiscard]] bool selected();
  /// The container a key reference (80 | number) or an object number names; null if the card has
  /// no such container.
  Bytes* container(std::uint8_t number);
  /// 9000, or why the key of that container cannot be used now.
  unsigned usable(std::uint8_t number);
  [[nodiscard]] Bytes padded(const std::string& digits) const;
  iso::Answer new_pin(const Bytes& value);

  iso::FileSystem files_;
  iso::Pin pin_, puk_;
  std::array<Bytes, 4> keys_;  ///< containers 7..A; empty: no key
  Environment signing_, deciphering_;
};

}  // namespace kilt::vtoken::idcard
