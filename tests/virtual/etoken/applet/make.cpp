#include "tests/virtual/etoken/applet/applet.h"

namespace kilt::vtoken {

std::unique_ptr<Card> make_etoken_legacy() {
  return std::make_unique<etoken::Applet>(etoken::Personality::kLegacy);
}
std::unique_ptr<Card> make_etoken_current() {
  return std::make_unique<etoken::Applet>(etoken::Personality::kCurrent);
}

}  // namespace kilt::vtoken
