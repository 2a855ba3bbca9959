#include <array>
#include <stdexcept>

#include "tests/virtual/card.h"

namespace kilt::vtoken {

// The families' factories: declared here, so that the families know nothing of each other.
std::unique_ptr<Card> make_kaztoken();
std::unique_ptr<Card> make_jacarta();
std::unique_ptr<Card> make_idcard();
std::unique_ptr<Card> make_akey();
std::unique_ptr<Card> make_iasecc();
std::unique_ptr<Card> make_etoken_legacy(), make_etoken_current(), make_idprime(), make_cardos();

namespace {

constexpr std::array kKinds{
    Kind{"kaztoken", "Kaztoken (Rutoken ECP command set), blank", &make_kaztoken},
    Kind{"jacarta", "JaCarta PKI (LASER applet), formatted or blank", &make_jacarta},
    Kind{"idcard", "ID card of Kazakhstan (SOMA), signature application", &make_idcard},
    Kind{"akey", "AKEYSIM, a made-up PKCS#15 token", &make_akey},
    Kind{"iasecc", "an IAS-ECC-like card with PKCS#15", &make_iasecc},
    Kind{"etoken-legacy", "eToken PRO Java 72K, applet 1.1.25, RSA keys", &make_etoken_legacy},
    Kind{"etoken-current", "eToken 5110, applet 1.8.5, EC keys", &make_etoken_current},
    Kind{"idprime", "eToken 5110 CC (IDPrime 940), IDPrime 840, eToken 5110+", &make_idprime},
    Kind{"cardos", "eToken PRO 64K (CardOS 4.2B), blank", &make_cardos},
};

}  // namespace

void Card::set(const std::string& key, const std::string&) {
  throw std::invalid_argument("this token has no switch '" + key + "'");
}

std::span<const Kind> kinds() { return kKinds; }

std::unique_ptr<Card> make_card(const std::string& kind) {
  for (const Kind& known : kinds())
    if (kind == known.name) return known.make();
  throw std::invalid_argument("there is no virtual token '" + kind + "'");
}

}  // namespace kilt::vtoken
