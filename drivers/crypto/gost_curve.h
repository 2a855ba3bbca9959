// The parameter sets of GOST R 34.10, by the OBJECT IDENTIFIERs that Russia and Kazakhstan gave
// them.
#pragma once

#include <string>

#include "apdu/bytes.h"
#include "drivers/crypto/hash.h"
#include "drivers/crypto/keys.h"

namespace kilt::crypto {

enum class GostCurve {
  kUnknown,
  kCryptoProA,  ///< 256 bits; the CA's keys by GOST 34.310-2004
  kCryptoProB,  ///< 256 bits; verified only
  kCryptoProC,  ///< 256 bits; verified only
  kTc26A512,    ///< id-tc26-gost-3410-12-512-paramSetA; the CA's keys by GOST R 34.10-2015
};

/// DER OBJECT IDENTIFIERs of the Kazakh parameter sets and hashes, as the CA's keys have them.
[[nodiscard]] const Bytes& kazakh_512_curve();
[[nodiscard]] const Bytes& kazakh_512_hash();
[[nodiscard]] const Bytes& kazakh_2004_curve();
[[nodiscard]] const Bytes& kazakh_2004_hash();

/// Which set a DER OBJECT IDENTIFIER names.
[[nodiscard]] GostCurve gost_curve(BytesView oid);
/// Bytes of one coordinate; 0 for kUnknown.
[[nodiscard]] std::size_t gost_size(GostCurve curve) noexcept;
/// The key type a set goes with.
[[nodiscard]] KeyType gost_key_type(GostCurve curve) noexcept;
/// The host makes signatures over this curve (of the others it verifies them only).
[[nodiscard]] bool gost_signs(GostCurve curve) noexcept;
/// Name for people.
[[nodiscard]] std::string gost_name(GostCurve curve);

/// The OBJECT IDENTIFIER is one of the Kazakh arc (1.2.398).
[[nodiscard]] bool is_kazakh(BytesView oid);

/// The hash that a DER OBJECT IDENTIFIER (of a hash or of its parameter set) names; kNone if
/// unknown.
[[nodiscard]] Hash gost_hash_named(BytesView oid);
/// The hash a key is used with: what `hash_parameters` names, else the one of the key's length.
[[nodiscard]] Hash gost_hash_of(const GostPublicKey& key);

}  // namespace kilt::crypto
