#include "drivers/crypto/pkcs12_format.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/openssl.h"
#include "drivers/crypto/pkcs12_kdf.h"

namespace kilt::crypto::pkcs12 {
namespace {

struct HashRow {
  const char* oid;
  Hash hash;
};
constexpr std::array kHashes{
    HashRow{"06052B0E03021A", Hash::kSha1},
    HashRow{"0609608648016503040204", Hash::kSha224},
    HashRow{"0609608648016503040201", Hash::kSha256},
    HashRow{"0609608648016503040202", Hash::kSha384},
    HashRow{"0609608648016503040203", Hash::kSha512},
};

/// UTF-16, big-endian, as UTF-8; what is no text becomes a question mark.
std::string from_bmp(BytesView units) {
  std::string text;
  for (std::size_t i = 0; i + 1 < units.size(); i += 2) {
    const unsigned code = (unsigned{units[i]} << 8) | units[i + 1];
    if (code == 0) break;
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xC0 | (code >> 6));
      text += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0xD800 || code >= 0xE000) {
      text += static_cast<char>(0xE0 | (code >> 12));
      text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      text += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      text += '?';
    }
  }
  return text;
}

}  // namespace

tlv::Node expect(tlv::Reader& reader, std::uint32_t tag) {
  const auto node = reader.next();
  if (!node || node->tag != tag) throw MalformedAnswer("the PKCS#12 file is damaged");
  return *node;
}

Bytes sequence(std::initializer_list<BytesView> parts) {
  Bytes body;
  for (const BytesView part : parts) append(body, part);
  return tlv::encode(asn1::kSequence, body);
}

void read_attributes(BytesView attributes, Bytes& local_key_id, std::string& friendly_name) {
  tlv::Reader list(attributes);
  while (const auto attribute = list.next()) {
    if (attribute->tag != asn1::kSequence) continue;
    tlv::Reader fields(attribute->value);
    const auto oid = fields.next();
    const auto values = fields.next();
    if (!oid || !values || values->tag != kSet) continue;
    const auto value = tlv::Reader(values->value).next();
    if (!value) continue;
    const std::string name = to_hex(oid->encoded);
    if (name == kLocalKeyId && value->tag == asn1::kOctetString)
      local_key_id = to_bytes(value->value);
    if (name == kFriendlyName && value->tag == kBmpString) friendly_name = from_bmp(value->value);
  }
}

Bytes mac_of(Hash hash, const Password& password, BytesView salt, unsigned iterations,
             BytesView contents) {
  const SecureBytes key =
      pkcs12_derive(password.bmp(), salt, Pkcs12Purpose::kMac, iterations, digest_size(hash), hash);
  Bytes value(digest_size(hash));
  std::size_t size = 0;
  if (EVP_Q_mac(library(), "HMAC", nullptr, name_of(hash), nullptr, key.view().data(), key.size(),
                contents.data(), contents.size(), value.data(), value.size(), &size) == nullptr)
    throw Error("the message authentication code failed");
  return value;
}

Bytes hash_oid(Hash hash) {
  const auto row = std::ranges::find(kHashes, hash, &HashRow::hash);
  if (row == kHashes.end()) throw NotSupported("PKCS#12 has no MAC with this hash");
  return from_hex(row->oid);
}

Hash hash_named(BytesView oid) {
  const std::string hex = to_hex(oid);
  const auto row =
      std::ranges::find_if(kHashes, [&](const HashRow& one) { return hex == one.oid; });
  return row == kHashes.end() ? Hash::kNone : row->hash;
}

}  // namespace kilt::crypto::pkcs12
