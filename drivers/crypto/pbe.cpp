#include "drivers/crypto/pbe.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "apdu/tlv.h"
#include "drivers/crypto/asn1.h"
#include "drivers/crypto/errors.h"
#include "drivers/crypto/openssl.h"
#include "drivers/crypto/pbe_cipher.h"
#include "drivers/crypto/pkcs12_kdf.h"
#include "drivers/crypto/random.h"

namespace kilt::crypto {
namespace {

constexpr std::size_t kSalt = 20;

// DER of the OBJECT IDENTIFIERs.
const char* const kPbes2 = "06092A864886F70D01050D";
const char* const kPbkdf2 = "06092A864886F70D01050C";

/// pkcs-12PbeIds (RFC 7292, appendix C).
struct Pkcs12Row {
  const char* oid;
  PbeCipher cipher;
  std::size_t key_size;
  const char* name;
};
constexpr std::array kPkcs12{
    Pkcs12Row{"060A2A864886F70D010C0103", PbeCipher::kDes3, 24, "3DES"},
    Pkcs12Row{"060A2A864886F70D010C0104", PbeCipher::kDes2, 16, "3DES with two keys"},
    Pkcs12Row{"060A2A864886F70D010C0105", PbeCipher::kRc2, 16, "RC2 of 128 bits"},
    Pkcs12Row{"060A2A864886F70D010C0106", PbeCipher::kRc2, 5, "RC2 of 40 bits"},
};

struct Pbes2Row {
  const char* oid;
  PbeCipher cipher;
  std::size_t key_size, iv_size;
  const char* name;
};
constexpr std::array kPbes2Ciphers{
    Pbes2Row{"0609608648016503040102", PbeCipher::kAes128, 16, 16, "AES-128"},
    Pbes2Row{"0609608648016503040116", PbeCipher::kAes192, 24, 16, "AES-192"},
    Pbes2Row{"060960864801650304012A", PbeCipher::kAes256, 32, 16, "AES-256"},
    Pbes2Row{"06082A864886F70D0307", PbeCipher::kDes3, 24, 8, "3DES"},
};

struct PrfRow {
  const char* oid;
  Hash hash;
};
constexpr std::array kPrfs{
    PrfRow{"06082A864886F70D0207", Hash::kSha1},   PrfRow{"06082A864886F70D0208", Hash::kSha224},
    PrfRow{"06082A864886F70D0209", Hash::kSha256}, PrfRow{"06082A864886F70D020A", Hash::kSha384},
    PrfRow{"06082A864886F70D020B", Hash::kSha512},
};

template <typename Table>
auto row_of(const Table& table, BytesView oid) -> decltype(table.data()) {
  const std::string hex = to_hex(oid);
  const auto row = std::ranges::find_if(table, [&](const auto& one) { return one.oid == hex; });
  return row == table.end() ? nullptr : &*row;
}

/// The next value of a SEQUENCE, of this type.
tlv::Node expect(tlv::Reader& reader, std::uint32_t tag) {
  const auto node = reader.next();
  if (!node || node->tag != tag) throw MalformedAnswer("the encryption's parameters are damaged");
  return *node;
}

unsigned iterations_of(const tlv::Node& number) {
  BytesView value = number.value;
  while (value.size() > 1 && value.front() == 0) value = value.subspan(1);
  if (value.empty() || (number.value.front() & 0x80) != 0)
    throw MalformedAnswer("the number of iterations makes no sense");
  const std::uint64_t count = value.size() > 8 ? ~std::uint64_t{0} : read_be(value);
  if (count == 0 || count > kMaxIterations)
    throw NotSupported("the file asks for too many iterations of its key derivation");
  return static_cast<unsigned>(count);
}

BytesView checked_salt(BytesView salt) {
  if (salt.size() > kMaxSalt) throw NotSupported("the file's salt is too long");
  return salt;
}

/// All that one pass of a cipher needs.
struct Keyed {
  PbeCipher cipher = PbeCipher::kDes3;
  SecureBytes key, iv;
};

Keyed keyed_pkcs12(const Pkcs12Row& row, BytesView parameters, const Password& password) {
  tlv::Reader sequence(parameters);
  tlv::Reader fields(expect(sequence, asn1::kSequence).value);
  const BytesView salt = checked_salt(expect(fields, asn1::kOctetString).value);
  const unsigned iterations = iterations_of(expect(fields, asn1::kInteger));
  const auto derive = [&](Pkcs12Purpose purpose, std::size_t size) {
    return pkcs12_derive(password.bmp(), salt, purpose, iterations, size, Hash::kSha1);
  };
  return {row.cipher, derive(Pkcs12Purpose::kKey, row.key_size), derive(Pkcs12Purpose::kIv, 8)};
}

SecureBytes pbkdf2(BytesView parameters, const Password& password, std::size_t size) {
  tlv::Reader fields(parameters);
  const BytesView salt = checked_salt(expect(fields, asn1::kOctetString).value);
  const unsigned iterations = iterations_of(expect(fields, asn1::kInteger));
  Hash hash = Hash::kSha1;  // the default of RFC 8018, A.2
  while (const auto node = fields.next()) {
    if (node->tag != asn1::kSequence) continue;  // keyLength: the cipher tells it
    tlv::Reader prf(node->value);
    const PrfRow* row = row_of(kPrfs, expect(prf, asn1::kOid).encoded);
    if (row == nullptr) throw NotSupported("the file's key derivation uses a hash that is unknown");
    hash = row->hash;
  }
  const BytesView utf8 = password.utf8().view();
  const EvpMd md = fetch(hash);
  Bytes key(size);
  if (PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(utf8.data()), static_cast<int>(utf8.size()),
                        salt.data(), static_cast<int>(salt.size()), static_cast<int>(iterations),
                        md.get(), static_cast<int>(size), key.data()) != 1)
    throw Error("the key cannot be derived from the password");
  return SecureBytes(std::move(key));
}

/// PBES2's two halves: key derivation and cipher, each an AlgorithmIdentifier's fields.
struct Pbes2 {
  BytesView derivation;
  const Pbes2Row* cipher = nullptr;
  BytesView iv;
};

Pbes2 read_pbes2(BytesView parameters) {
  tlv::Reader sequence(parameters);
  tlv::Reader halves(expect(sequence, asn1::kSequence).value);
  tlv::Reader derivation(expect(halves, asn1::kSequence).value);
  tlv::Reader cipher(expect(halves, asn1::kSequence).value);
  if (to_hex(expect(derivation, asn1::kOid).encoded) != kPbkdf2)
    throw NotSupported("the file's key derivation is not PBKDF2");
  Pbes2 read;
  read.derivation = expect(derivation, asn1::kSequence).value;
  read.cipher = row_of(kPbes2Ciphers, expect(cipher, asn1::kOid).encoded);
  if (read.cipher == nullptr) throw NotSupported("the file is enciphered in a way not known here");
  read.iv = expect(cipher, asn1::kOctetString).value;
  if (read.iv.size() != read.cipher->iv_size) throw MalformedAnswer("a wrong length of the IV");
  return read;
}

Keyed keyed(BytesView algorithm, const Password& password) {
  tlv::Reader outer(algorithm);
  tlv::Reader fields(expect(outer, asn1::kSequence).value);
  const tlv::Node oid = expect(fields, asn1::kOid);
  if (const Pkcs12Row* row = row_of(kPkcs12, oid.encoded))
    return keyed_pkcs12(*row, fields.rest(), password);
  if (to_hex(oid.encoded) != kPbes2)
    throw NotSupported("the file is enciphered in a way not known here");
  const Pbes2 read = read_pbes2(fields.rest());
  return {read.cipher->cipher, pbkdf2(read.derivation, password, read.cipher->key_size),
          SecureBytes(read.iv)};
}

Bytes sequence(std::initializer_list<Bytes> parts) {
  Bytes body;
  for (const Bytes& part : parts) append(body, part);
  return tlv::encode(asn1::kSequence, body);
}

Bytes number(unsigned value) { return tlv::encode(asn1::kInteger, asn1::integer_value(value)); }

/// The same AlgorithmIdentifier with every OCTET STRING in it (salt, IV) drawn anew.
Bytes redrawn(const tlv::Node& node) {
  if (node.tag == asn1::kOctetString) return tlv::encode(node.tag, random_bytes(node.value.size()));
  if (!node.constructed()) return to_bytes(node.encoded);
  Bytes body;
  tlv::Reader parts(node.value);
  while (const auto part = parts.next()) append(body, redrawn(*part));
  return tlv::encode(node.tag, body);
}

}  // namespace

std::optional<std::string> encryption_name(BytesView algorithm) {
  try {
    tlv::Reader outer(algorithm);
    tlv::Reader fields(expect(outer, asn1::kSequence).value);
    const tlv::Node oid = expect(fields, asn1::kOid);
    if (const Pkcs12Row* row = row_of(kPkcs12, oid.encoded)) return row->name;
    if (to_hex(oid.encoded) == kPbes2) return read_pbes2(fields.rest()).cipher->name;
  } catch (const Error&) {
    return std::nullopt;
  }
  return std::nullopt;
}

SecureBytes decrypt_with_password(BytesView algorithm, const Password& password,
                                  BytesView cryptogram) {
  const Keyed by = keyed(algorithm, password);
  return pbe_decrypt(by.cipher, by.key, by.iv.view(), cryptogram);
}

Bytes encrypt_with_password(BytesView algorithm, const Password& password, BytesView plain) {
  const Keyed by = keyed(algorithm, password);
  return pbe_encrypt(by.cipher, by.key, by.iv.view(), plain);
}

Bytes new_encryption(Encryption encryption, unsigned iterations) {
  const Bytes salt = tlv::encode(asn1::kOctetString, random_bytes(kSalt));
  if (encryption == Encryption::kTripleDes)
    return sequence({from_hex(kPkcs12[0].oid), sequence({salt, number(iterations)})});
  const Bytes prf = sequence({from_hex(kPrfs[2].oid), from_hex("0500")});
  const Bytes derivation = sequence({from_hex(kPbkdf2), sequence({salt, number(iterations), prf})});
  const Bytes cipher =
      sequence({from_hex(kPbes2Ciphers[2].oid), tlv::encode(asn1::kOctetString, random_bytes(16))});
  return sequence({from_hex(kPbes2), sequence({derivation, cipher})});
}

Bytes renewed_encryption(BytesView algorithm) {
  const auto node = tlv::Reader(algorithm).next();
  if (!node) throw MalformedAnswer("the encryption's parameters are damaged");
  return redrawn(*node);
}

}  // namespace kilt::crypto
