// The names and small pieces of PKCS#12 that its reader and its writer share.
#pragma once

#include <string>

#include "apdu/tlv.h"
#include "drivers/crypto/asn1.h"
#include "drivers/crypto/hash.h"
#include "drivers/crypto/pbe.h"

namespace kilt::crypto::pkcs12 {

// DER OBJECT IDENTIFIERs in hex.
inline constexpr const char* kData = "06092A864886F70D010701";
inline constexpr const char* kEncryptedData = "06092A864886F70D010706";
inline constexpr const char* kKeyBag = "060B2A864886F70D010C0A0101";
inline constexpr const char* kShroudedKeyBag = "060B2A864886F70D010C0A0102";
inline constexpr const char* kCertBag = "060B2A864886F70D010C0A0103";
inline constexpr const char* kX509Certificate = "060A2A864886F70D01091601";
inline constexpr const char* kLocalKeyId = "06092A864886F70D010915";
inline constexpr const char* kFriendlyName = "06092A864886F70D010914";
inline constexpr std::uint32_t kSet = 0x31, kBmpString = 0x1E;

/// The next value, of this type; throws MalformedAnswer.
[[nodiscard]] tlv::Node expect(tlv::Reader& reader, std::uint32_t tag);
/// A SEQUENCE of these parts.
[[nodiscard]] Bytes sequence(std::initializer_list<BytesView> parts);

/// Fills local_key_id, friendly_name of a bag's attributes.
void read_attributes(BytesView attributes, Bytes& local_key_id, std::string& friendly_name);

/// The file's MAC over the AuthenticatedSafe.
[[nodiscard]] Bytes mac_of(Hash hash, const Password& password, BytesView salt, unsigned iterations,
                           BytesView contents);
/// DER OBJECT IDENTIFIER of a hash; and the hash it names, kNone if unknown.
[[nodiscard]] Bytes hash_oid(Hash hash);
[[nodiscard]] Hash hash_named(BytesView oid);

}  // namespace kilt::crypto::pkcs12
