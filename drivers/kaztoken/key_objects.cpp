#include "drivers/kaztoken/key_objects.h"

#include <set>

namespace kilt::kaztoken {
namespace {

constexpr unsigned kMaxFiles = 255;  // the platform's limit per folder

Bytes full_path(const FilePath& path) {
  Bytes bytes{0x3F, 0x00};
  for (const FileId id : path) append(bytes, write_be(id, 2));
  return bytes;
}

}  // namespace

Byte KeyObjects::free_number(const pkcs15::Application&, const std::set<Byte>&) {
  std::set<FileId> taken;
  for (const FilePath& folder : {private_key_path(0), public_key_path(0)}) {
    const FilePath system_folder(folder.begin(), folder.end() - 1);
    try {
      for (const Fci& file : files_->children(system_folder)) taken.insert(file.id);
    } catch (const ObjectNotFound&) {
      continue;  // the folder comes into being with its first key
    }
  }
  for (unsigned number = 1; number <= kMaxFiles; ++number)
    if (!taken.contains(static_cast<FileId>(number))) return static_cast<Byte>(number);
  throw TokenFull("the token has no room for another key");
}

Bytes KeyObjects::path(Byte number) const { return full_path(private_key_path(number)); }

std::vector<KeyObjects::Orphan> KeyObjects::parts(Byte number, const Bytes&) const {
  const Bytes private_path = path(number);
  return {{private_path, private_path}, {full_path(public_key_path(number)), private_path}};
}

std::vector<KeyObjects::Orphan> KeyObjects::leftovers(const pkcs15::KeyEntry& private_half) const {
  const Bytes& file = private_half.path.file;
  return {{file, file}, {full_path(public_key_path(private_half.reference)), file}};
}

PublicKey KeyObjects::generate(Byte number, const KeySpec&, const KeyShape& shape) {
  create_key_pair(*files_, number, shape);
  return generate_key_pair(*card_, number, shape);
}

void KeyObjects::import(Byte number, const KeySpec&, const KeyShape& shape,
                        const RsaPrivateKey& key) {
  create_key_pair(*files_, number, shape);
  load_key_pair(*card_, *files_, number, key);
}

}  // namespace kilt::kaztoken
