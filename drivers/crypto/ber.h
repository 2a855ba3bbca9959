// BER made definite: what old PKCS#12 writers leave (indefinite lengths, strings in pieces) turned
// into the form that apdu/tlv reads.
#pragma once

#include "apdu/bytes.h"

namespace kilt::crypto {

/// The same value with definite lengths everywhere; OCTET STRINGs in pieces become whole, contents
/// of primitive strings are not looked into. Depth, size and number of parts are bounded. Throws
/// MalformedAnswer; bytes after the first value too.
[[nodiscard]] Bytes definite(BytesView ber);

/// The contents of an OCTET STRING, or of an IMPLICIT one whose pieces stand inside (tag
/// constructed): joined. Throws MalformedAnswer.
[[nodiscard]] Bytes joined_octets(BytesView encoded);

}  // namespace kilt::crypto
