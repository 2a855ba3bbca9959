// The writing half of PKCS#12: bags and parts in DER.
#pragma once

#include "drivers/crypto/pkcs12.h"

namespace kilt::crypto::pkcs12 {

/// A SafeBag in DER; keys are enciphered anew.
[[nodiscard]] Bytes write_bag(const Pkcs12Bag& bag, const Password& password,
                              std::optional<Encryption> encryption);
/// A ContentInfo around SafeContents: plain if `algorithm` is empty.
[[nodiscard]] Bytes write_contents(const Bytes& bags, const Bytes& algorithm,
                                   const Password& password);
/// The PFX around an AuthenticatedSafe, with its MAC.
[[nodiscard]] Bytes write_file(const Bytes& safe, const Password& password, Hash mac,
                               unsigned iterations);

}  // namespace kilt::crypto::pkcs12
