// Time stamps in signatures (RFC 3161, RFC 5126): whether a token is what it says.
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

struct CheckedStamp {
  std::time_t time = 0;
  Bytes signer;                 ///< certificate of the service
  std::vector<Bytes> included;  ///< all certificates in the token
};

/// The token (DER ContentInfo) is about this signature, its own signature fits, and its signer's
/// certificate is for time stamps. Whose it is, is not judged. Throws Failure(kBadInput) if
/// something of it is wrong, Failure(kUnsupported) for an algorithm that is not known.
CheckedStamp check_stamp(BytesView token, BytesView signature);

}  // namespace kilt::tool
