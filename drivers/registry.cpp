#include "drivers/registry.h"

#include <array>
#include <string_view>

#include "drivers/delegate/overlay.h"
#include "drivers/delegate/source.h"
#include "drivers/etoken/applet/applet.h"
#include "drivers/etoken/cardos/cardos.h"
#include "drivers/etoken/idprime/idprime.h"
#include "drivers/iso7816/iso7816.h"
#include "drivers/jacarta/jacarta.h"
#include "drivers/kaztoken/kaztoken.h"

namespace kilt {
namespace {

// One line per family; probing follows this order.
constexpr std::array kFamilies{
    Family{"kaztoken", &kaztoken::open, nullptr},
    Family{"jacarta", &jacarta::open, &jacarta::probe},
    Family{"etoken-applet", &etoken::open_applet, nullptr},
    Family{"idprime", &etoken::open_idprime, nullptr},
    Family{"cardos", &etoken::open_cardos, nullptr},
    Family{"iso7816", &iso7816::open, &iso7816::probe},  // last: it takes whatever keeps a standard
};

const Family* family_named(std::string_view name) {
  for (const Family& family : kFamilies)
    if (name == family.name) return &family;
  return nullptr;
}

std::unique_ptr<Token> open_card(apdu::Card& card, const ProfileSet& profiles) {
  if (const Profile* profile = profiles.match(card.atr())) {
    const Family* family = family_named(profile->family);
    if (family == nullptr)
      throw TokenNotRecognized();  // a profile for a family this build does not have
    if (auto token = family->open(card, *profile)) return token;
  }
  for (const Family& family : kFamilies)
    if (family.probe != nullptr)
      if (auto token = family.probe(card, profiles)) return token;
  throw TokenNotRecognized();
}

}  // namespace

std::span<const Family> families() { return kFamilies; }

std::unique_ptr<Token> open_token(apdu::Card& card, const ProfileSet& profiles) {
  // kilt.toml may have put another PKCS#11 module in the card's place, or at its side.
  if (auto* source = dynamic_cast<delegate::TokenSource*>(&card.connection()))
    return source->open_token();
  auto token = open_card(card, profiles);
  if (const auto* helped = dynamic_cast<delegate::Helped*>(&card.connection()))
    return delegate::make_overlay(card, std::move(token), helped->rule(), helped->reader());
  return token;
}

}  // namespace kilt
