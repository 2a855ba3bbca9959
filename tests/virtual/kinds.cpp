#include <array>
#include <stdexcept>

#include "tests/virtual/card.h"

namespace kilt::vtoken {

// The families' factories: declared here, so that the families know nothing of each other.
std::unique_ptr<Card> make_kaztoken();
std::unique_ptr<Card> make_idcard();
std::unique_ptr<Card> make_akey();

namespace {

constexpr std::array kKinds{
    Kind{"kaztoken", "Kaztoken (Rutoken ECP command set), blank", &make_kaztoken},
    Kind{"idcard", "ID card of Kazakhstan (SOMA), signature application", &make_idcard},
    Kind{"akey", "AKEYSIM, a made-up PKCS#15 token", &make_akey},
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
