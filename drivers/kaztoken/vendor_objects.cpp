#include "drivers/kaztoken/vendor_objects.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/crypto/public_key.h"
#include "drivers/crypto/spki.h"
#include "drivers/crypto/x509.h"
#include "drivers/errors.h"
#include "drivers/kaztoken/keys.h"
#include "drivers/pkcs15/encode.h"

namespace kilt::kaztoken {
namespace {

constexpr unsigned kMaxDepth = 3;
constexpr std::size_t kMaxFilesSeen = 128;
constexpr std::size_t kMaxCertificateFile = 8192;

constexpr Byte kRsa = 0x23, kGost256 = 0x03, kGost512 = 0x43;

struct Found {
  FilePath path;
  Bytes der;
};

Children list_folder(Files& files, const FilePath& path) {
  try {
    return files.children(path);
  } catch (const ObjectNotFound&) {
    return {};
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return {{}, error.what()};  // closed without a PIN, or damaged: what lies there stays unseen
  }
}

Bytes read_if_allowed(Files& files, const FilePath& path, std::size_t size) {
  try {
    files.select(path);
    return files.read(0, std::min(size, kMaxCertificateFile));
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return {};
  }
}

void search(Files& files, const FilePath& folder, unsigned depth, std::size_t& seen,
            std::vector<Found>& found) {
  if (depth > kMaxDepth) return;
  for (const Fci& file : list_folder(files, folder).files) {
    if (++seen > kMaxFilesSeen) return;
    FilePath path = folder;
    path.push_back(file.id);
    if (file.type == FileType::kDirectory) {
      search(files, path, depth + 1, seen, found);
    } else if (file.type == FileType::kTransparent) {
      Bytes der = find_certificate(read_if_allowed(files, path, file.size));
      if (!der.empty()) found.push_back({path, std::move(der)});
    }
  }
}

std::vector<Found> search_certificates(Files& files) {
  std::vector<Found> found;
  std::size_t seen = 0;
  for (const FilePath& folder :
       {FilePath{0x1000, 0x1004}, FilePath{0x1000, 0x1000, 0x6004}, FilePath{0x1000, 0x1001}}) {
    search(files, folder, 0, seen, found);
    if (!found.empty()) break;  // the places are known for different generations of software
  }
  return found;
}

unsigned rsa_bits(std::size_t private_size) {
  return private_size < 8 ? 0 : static_cast<unsigned>((private_size - 8) / 5 * 16);
}

/// n (2h bytes) and e (h bytes), little-endian; or X and Y of a GOST point.
PublicKey read_public_half(Files& files, const Key& key, Byte number) {
  const Bytes value = read_if_allowed(files, public_key_path(number), kMaxCertificateFile);
  if (key.type == KeyType::kGost256 && value.size() == 64) return GostPublicKey{{}, {}, value};
  const std::size_t half = key.bits / 16;
  if (key.type != KeyType::kRsa || half == 0 || value.size() != 3 * half) return std::monostate{};
  const BytesView view(value);
  Bytes exponent = reversed(view.subspan(2 * half));
  exponent.erase(exponent.begin(),
                 std::ranges::find_if(exponent, [](Byte byte) { return byte != 0; }));
  return RsaPublicKey{reversed(view.first(2 * half)), std::move(exponent)};
}

std::optional<Key> read_key(Files& files, const Fci& file) {
  if (!file.rsf || file.id == 0 || file.id > 0xFF) return std::nullopt;
  const auto number = static_cast<Byte>(file.id);
  Key key;
  key.ref = {number};
  key.modifiable = false;
  key.usage.sign = true;
  switch (file.rsf->type) {
    case kRsa:
      key.bits = rsa_bits(file.size);
      key.usage.decrypt = key.usage.unwrap = true;
      break;
    case kGost256:
      key.type = KeyType::kGost256;
      key.bits = 256;
      break;
    case kGost512:
      key.type = KeyType::kGost512;
      key.bits = 512;
      key.unusable_reason = "no public source says how this token signs with a 512-bit GOST key";
      break;
    default:
      return std::nullopt;
  }
  key.public_key = read_public_half(files, key, number);
  append(key.ref, key_mark(key.public_key));
  key.has_public = !std::holds_alternative<std::monostate>(key.public_key);
  if (key.has_public) key.id = crypto::key_id(key.public_key);
  return key;
}

/// A certificate belongs to the key whose public half it holds. Where the token does not give that
/// half, a single key and a single certificate belong together.
void match(ObjectList& list) {
  for (Certificate& certificate : list.certificates) {
    const Bytes inner = x509::public_key_bits(*certificate.der);
    for (Key& key : list.keys)
      if (key.has_public && crypto::encode_public_key(key.public_key) == inner) {
        certificate.id = key.id;
        key.label = certificate.label;
      }
  }
  if (list.keys.size() != 1 || list.certificates.size() != 1 || list.keys[0].has_public) return;
  Key& key = list.keys[0];
  Certificate& certificate = list.certificates[0];
  certificate.id = key.id = x509::key_identifier(*certificate.der);
  key.label = certificate.label;
}

}  // namespace

Bytes find_certificate(BytesView contents) {
  // SEQUENCE { SEQUENCE …, both with two-byte lengths, wherever it begins.
  for (std::size_t at = 0; at + 6 <= contents.size(); ++at) {
    const BytesView here = contents.subspan(at);
    if (here[0] != 0x30 || here[1] != 0x82 || here[4] != 0x30 || here[5] != 0x82) continue;
    const std::size_t size = read_be(here.subspan(2, 2)) + 4;
    if (size <= here.size() && x509::is_certificate(here.first(size)))
      return to_bytes(here.first(size));
  }
  return {};
}

ObjectList read_vendor_objects(Files& files) {
  ObjectList list;
  FilePath folder = private_key_path(0);
  folder.pop_back();
  const Children keys = list_folder(files, folder);
  if (!keys.fault.empty()) list.odd.push_back({"the folder of keys: " + keys.fault});
  for (const Fci& file : keys.files) {
    if (auto key = read_key(files, file))
      list.keys.push_back(std::move(*key));
    else
      list.odd.push_back({"a key object of unknown type"});
  }
  for (Found& found : search_certificates(files)) {
    Certificate certificate;
    for (const FileId id : found.path) append(certificate.ref, write_be(id, 2));
    certificate.label = x509::common_name(found.der);
    certificate.modifiable = false;
    certificate.der = std::move(found.der);
    list.certificates.push_back(std::move(certificate));
  }
  match(list);
  return list;
}

}  // namespace kilt::kaztoken
