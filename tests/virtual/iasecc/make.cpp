#include "tests/virtual/iasecc/iasecc.h"

namespace kilt::vtoken {

std::unique_ptr<Card> make_iasecc() { return std::make_unique<iasecc::IasEcc>(); }

}  // namespace kilt::vtoken
