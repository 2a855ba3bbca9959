#include "drivers/kaztoken/key_writer.h"

#include <algorithm>
#include <array>
#include <set>

namespace kilt::kaztoken {
namespace {

constexpr unsigned kMaxFiles = 255;  // the platform's limit per folder

Bytes full_path(const FilePath& path) {
  Bytes bytes{0x3F, 0x00};
  for (const FileId id : path) append(bytes, write_be(id, 2));
  return bytes;
}

struct Curve {
  Bytes oid;
  unsigned number;
};

/// DER of the OBJECT IDENTIFIERs of the CryptoPro curves (RFC 4357, 11.4; the XchA and XchB names
/// stand for the same curves; RFC 7836 gives them TC26 names as well).
const std::array<Curve, 8>& curves() {
  static const std::array<Curve, 8> known{{
      {{0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x23, 0x01}, 1},
      {{0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x23, 0x02}, 2},
      {{0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x23, 0x03}, 3},
      {{0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x24, 0x00}, 1},
      {{0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x24, 0x01}, 3},
      {{0x06, 0x09, 0x2A, 0x85, 0x03, 0x07, 0x01, 0x02, 0x01, 0x01, 0x02}, 1},
      {{0x06, 0x09, 0x2A, 0x85, 0x03, 0x07, 0x01, 0x02, 0x01, 0x01, 0x03}, 2},
      {{0x06, 0x09, 0x2A, 0x85, 0x03, 0x07, 0x01, 0x02, 0x01, 0x01, 0x04}, 3},
  }};
  return known;
}

KeyShape gost_shape(const KeySpec& spec) {
  for (const Curve& curve : curves())
    if (curve.oid == spec.parameters) return {KeyType::kGost256, 256, curve.number};
  throw NotSupported("the token makes GOST keys on the CryptoPro curves A, B and C only");
}

KeyShape rsa_shape(const KeySpec& spec) {
  constexpr unsigned kMinBits = 512, kMaxBits = 4096, kStep = 128;
  if (spec.bits < kMinBits || spec.bits > kMaxBits || spec.bits % kStep != 0)
    throw NotSupported("the token holds RSA keys of 512 to 4096 bits, in steps of 128");
  const Bytes always{0x01, 0x00, 0x01};
  if (!spec.public_exponent.empty() && spec.public_exponent != always)
    throw NotSupported("the token's RSA keys have the public exponent 65537");
  return {KeyType::kRsa, spec.bits, 0};
}

}  // namespace

pkcs15::KeyShape KeyWriter::shape(const KeySpec& spec) {
  if (spec.always_authenticate)
    throw NotSupported("the token cannot ask for the PIN at every use of a key");
  switch (spec.type) {
    case KeyType::kRsa:
      return rsa_shape(spec);
    case KeyType::kGost256:
      return gost_shape(spec);
    default:
      throw NotSupported("no public source says how this token makes such keys");
  }
}

Byte KeyWriter::free_number(const pkcs15::Objects&, const std::set<Byte>&) {
  std::set<FileId> taken;
  for (const FilePath& folder : {private_key_path(0), public_key_path(0)}) {
    const FilePath system_folder(folder.begin(), folder.end() - 1);
    try {
      for (const Fci& file : files_->children(system_folder).files) taken.insert(file.id);
    } catch (const ObjectNotFound&) {
      continue;  // the folder comes into being with its first key
    }
  }
  for (unsigned number = 1; number <= kMaxFiles; ++number)
    if (!taken.contains(static_cast<FileId>(number))) return static_cast<Byte>(number);
  throw TokenFull("the token has no room for another key");
}

Bytes KeyWriter::path(Byte number) const { return full_path(private_key_path(number)); }

std::vector<KeyWriter::Orphan> KeyWriter::parts(Byte number, const Bytes&) const {
  const Bytes private_path = path(number);
  return {{private_path, private_path}, {full_path(public_key_path(number)), private_path}};
}

std::vector<KeyWriter::Orphan> KeyWriter::leftovers(const pkcs15::KeyEntry& private_half) const {
  const Bytes& file = private_half.path.file;
  return {{file, file}, {full_path(public_key_path(private_half.reference)), file}};
}

PublicKey KeyWriter::generate(Byte number, const KeySpec&, const KeyShape& shape) {
  create_key_pair(*files_, number, shape);
  return generate_key_pair(*card_, number, shape);
}

void KeyWriter::import(Byte number, const KeySpec&, const KeyShape& shape,
                       const RsaPrivateKey& key) {
  create_key_pair(*files_, number, shape);
  load_key_pair(*card_, *files_, number, key);
}

}  // namespace kilt::kaztoken
