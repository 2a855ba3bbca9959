#include "tests/virtual/kaztoken/kaztoken.h"

namespace kilt::vtoken {

std::unique_ptr<Card> make_kaztoken() { return std::make_unique<kaztoken::Kaztoken>(); }

}  // namespace kilt::vtoken
