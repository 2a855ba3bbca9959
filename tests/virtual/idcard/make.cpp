#include "tests/virtual/idcard/soma.h"

namespace kilt::vtoken {

std::unique_ptr<Card> make_idcard() { return std::make_unique<idcard::Soma>(); }

}  // namespace kilt::vtoken
