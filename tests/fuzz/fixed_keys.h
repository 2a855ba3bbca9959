// GOST keys that every build has, for seeds that are signed: what then verifies under them is what
// make_document_seeds signed, or a fault.
#pragma once

#include <numeric>
#include <string_view>

#include "drivers/crypto/gost_curve.h"
#include "drivers/crypto/private_key.h"

namespace kilt::fuzz {

/// The scalar is the bytes 1, 2, 3 and so on, little-endian.
inline std::unique_ptr<crypto::HostKey> fixed_key(bool gost512) {
  Bytes scalar(gost512 ? 64 : 32);
  std::iota(scalar.rbegin(), scalar.rend(), Byte{1});  // make_gost_key takes it big-endian
  return gost512 ? crypto::make_gost_key(crypto::kazakh_512_curve(), crypto::kazakh_512_hash(),
                                         SecureBytes(scalar))
                 : crypto::make_gost_key(crypto::kazakh_2004_curve(), crypto::kazakh_2004_hash(),
                                         SecureBytes(scalar));
}

/// All that was ever signed by them: the contents of CMS, and canonical XML.
inline constexpr std::string_view kSigned[]{
    "I owe you 100 tenge.\n",
    "<login><nonce>1</nonce></login>",
    "<deed><sum Id=\"sum\">100</sum><note></note></deed>",
    "<sum Id=\"sum\">100</sum>",
};

}  // namespace kilt::fuzz
