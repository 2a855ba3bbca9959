// What is known about a signature. Three states and no bool: "no answer" must never be taken for
// "fits".
#pragma once

namespace kilt::tool {

enum class Verification {
  kNotComputed,  ///< nothing here knows the algorithm, or the key is missing
  kFits,         ///< computed: it is the key's signature over these data
  kDoesNotFit,   ///< computed: it is not
};

}  // namespace kilt::tool
