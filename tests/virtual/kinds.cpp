#include <array>
#include <stdexcept>

#include "tests/virtual/card.h"

namespace kilt::vtoken {

// The families' factories: declared here, so that the families know nothing of each other.
std::unique_ptr<Card> make_jacarta();
std::unique_ptr<Card> make_kaztoken();

namespace {

constexpr std::array kKinds{
    Kind{"jacarta", "JaCarta PKI (LASER applet), formatted or blank", &make_jacarta},
    Kind{"kaztoken", "Kaztoken (Rutoken ECP command set), blank", &make_kaztoken},
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
