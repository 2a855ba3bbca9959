#include "tests/virtual/akey/akeysim.h"

namespace kilt::vtoken {

std::unique_ptr<Card> make_akey() { return std::make_unique<akey::AkeySim>(); }

}  // namespace kilt::vtoken
