#include "drivers/registry.h"

#include <array>
#include <string_view>

#include "drivers/errors.h"
#include "drivers/etoken/applet/applet.h"
#include "drivers/etoken/cardos/cardos.h"
#include "drivers/etoken/idprime/idprime.h"
#include "drivers/iso7816/iso7816.h"
#include "drivers/jacarta/jacarta.h"
#include "drivers/kaztoken/kaztoken.h"

namespace kilt {
namespace {

/// One token family.
struct Family {
  const char* name;  ///< as in a profile's `family`
  /// Binds a driver to a card whose ATR the profile claims; nothing if the card is another after
  /// all (same ATR, other applet). May send a few reading APDUs.
  std::unique_ptr<Token> (*open)(apdu::Card& card, const Profile& profile);
  /// For a card whose ATR no profile claims: is it one of this family? At most one SELECT (the last
  /// family, which knows the standards only, may take a few). May throw TokenNotRecognized with
  /// words for a card that other programs are for.
  /// nullptr: the family is recognised by ATR only.
  std::unique_ptr<Token> (*probe)(apdu::Card& card, const ProfileSet& profiles);
};

// One line per family; probing follows this order.
constexpr std::array kFamilies{
    Family{"kaztoken", &kaztoken::open, nullptr},
    Family{"jacarta", &jacarta::open, &jacarta::probe},
    Family{"etoken-applet", &etoken::applet::open, nullptr},
    Family{"idprime", &etoken::idprime::open, nullptr},
    Family{"cardos", &etoken::cardos::open, nullptr},
    Family{"iso7816", &iso7816::open, &iso7816::probe},  // last: it takes whatever keeps a standard
};

const Family* family_named(std::string_view name) {
  for (const Family& family : kFamilies)
    if (name == family.name) return &family;
  return nullptr;
}

/// Bounds for a card that may be anybody's: our own families answer less to what is asked here.
constexpr std::size_t kMaxProbeAnswer = 1024;

/// While a card is asked whose it is, a refusal in whatever words means "not ours" (design decision
/// 24): 6982, 6983 or 63Cx to a SELECT says nothing about a PIN. A card that is gone, was reset or
/// cannot be reached is another matter.
template <typename Open>
std::unique_ptr<Token> if_ours(Open open) {
  try {
    return open();
  } catch (const NotLoggedIn&) {
  } catch (const WrongPin&) {
  } catch (const PinBlocked&) {
  } catch (const ObjectNotFound&) {
  } catch (const NotSupported&) {
  } catch (const CardFault&) {
  } catch (const TokenFull&) {
  }
  return nullptr;
}

class ProbeBounds {
 public:
  explicit ProbeBounds(apdu::Card& card) : options_(&card.options()), before_(card.options()) {
    options_->max_answer = kMaxProbeAnswer;
  }
  ProbeBounds(const ProbeBounds&) = delete;
  ProbeBounds& operator=(const ProbeBounds&) = delete;
  ~ProbeBounds() { options_->max_answer = before_.max_answer; }

 private:
  apdu::ChannelOptions* options_;
  apdu::ChannelOptions before_;
};

/// nullptr for a stranger's card. Throws MalformedAnswer if the card keeps no standard at all.
std::unique_ptr<Token> find_driver(apdu::Card& card, const ProfileSet& profiles) {
  if (const Profile* profile = profiles.match(card.atr())) {
    const Family* family = family_named(profile->family);
    if (family == nullptr)
      throw TokenNotRecognized();  // a profile for a family this build does not have
    if (auto token = if_ours([&] { return family->open(card, *profile); })) return token;
  }
  for (const Family& family : kFamilies)
    if (family.probe != nullptr)
      if (auto token = if_ours([&] { return family.probe(card, profiles); })) return token;
  return nullptr;
}

}  // namespace

std::unique_ptr<Token> open_token(apdu::Card& card, const ProfileSet& profiles) {
  const ProbeBounds bounds(card);
  try {
    if (auto token = find_driver(card, profiles)) return token;
  } catch (const MalformedAnswer&) {
    throw TokenNotRecognized();  // it is asked no more
  }
  throw TokenNotRecognized();
}

}  // namespace kilt
