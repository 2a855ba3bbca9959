#include "tests/virtual/jacarta/laser.h"

namespace kilt::vtoken {

std::unique_ptr<Card> make_jacarta() { return std::make_unique<jacarta::Laser>(); }

}  // namespace kilt::vtoken
