// Whether two listings of a token show the same objects: for families whose tokens keep no mark of
// their last change.
#pragma once

#include "drivers/objects.h"

namespace kilt {

/// All that is shown of the listed objects, as far as the listing brought it.
[[nodiscard]] Bytes fingerprint_of(const ObjectList& objects);

}  // namespace kilt
