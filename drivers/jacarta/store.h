// Writing objects: key pairs, certificates, data, their names; deletion. Written is Aladdin's
// convention; objects of Athena's are changed and deleted where they are.
//
// Order against power loss: the counters first (other programs' caches are stale from then on), a
// new file with state 01, its key object, the contents, at last the state 00. What an interruption
// leaves behind is shown as odd and cleared away by the next key that takes the same number.
#pragma once

#include <optional>
#include <vector>

#include "drivers/jacarta/catalog.h"
#include "drivers/jacarta/objects.h"
#include "drivers/jacarta/templates.h"

namespace kilt::jacarta {

/// Lives for one operation, inside one transaction, on a fresh catalog. Every method throws
/// NotLoggedIn, TokenFull, WriteProtected (nobody set the token up) besides what it says.
class Store {
 public:
  Store(FileSystem& files, Catalog& catalog, const TokenObjects& objects)
      : files_(&files), catalog_(&catalog), objects_(&objects), counters_(catalog.counters()) {}

  /// Throws NotSupported for a key the applet does not make.
  ObjectRef generate_key(const KeySpec& spec);
  ObjectRef import_key(const KeySpec& spec, const RsaPrivateKey& key);
  ObjectRef write_certificate(const Certificate& certificate, BytesView der);
  ObjectRef write_data(const DataObject& object, BytesView value);
  /// A new id goes to the key's certificates and container as well (design decision 18).
  void change_key(const ObjectRef& ref, const ObjectChange& change);
  void change_certificate(const ObjectRef& ref, const ObjectChange& change);
  void change_data(const ObjectRef& ref, const ObjectChange& change);
  void delete_key(const ObjectRef& ref);
  void delete_certificate(const ObjectRef& ref);
  void delete_data(const ObjectRef& ref);

 private:
  /// The six places of a key pair with one number.
  struct Places {
    unsigned number = 0;
    FilePath private_file, private_key, public_file, public_key;
  };
  template <typename Fill>
  ObjectRef make_key(const KeySpec& spec, unsigned bits, bool local, Fill fill);
  ObjectRef write_key_files(const Places& places, KeyNames names, const RsaPublicKey& key);
  [[nodiscard]] Places free_places();
  [[nodiscard]] bool is_half_of_interrupted_pair(const Places& places) const;
  void sweep(const Places& places);
  void undo() noexcept;

  void raise();
  void begin_file(const FilePath& path, std::size_t size, const std::string& name,
                  std::vector<AccessRule> rules);
  void fill_file(const FilePath& path, AttributeFile object);
  void commit_file(const FilePath& path);
  void add_file(const FilePath& path, const AttributeFile& object, const std::string& name,
                std::vector<AccessRule> rules);
  void rewrite_file(const FilePath& path, const AttributeFile& object);
  void replace_file(const FilePath& path, const Bytes& contents);
  void delete_file(const FilePath& path, const std::optional<FilePath>& key_object);
  [[nodiscard]] AttributeFile stored(const FilePath& path) const;
  void change_file(const FilePath& path, const ObjectChange& change);

  [[nodiscard]] bool is_free(const FilePath& path);
  [[nodiscard]] FilePath free_file(const FilePath& directory, FileId first, unsigned count);
  [[nodiscard]] const Key* key_for(const Bytes& id, BytesView der) const;
  [[nodiscard]] std::optional<FilePath> certificate_place(const Key& key);
  [[nodiscard]] std::optional<unsigned> container_of(const ObjectRef& key) const;
  void write_container_map(const ContainerMap& map);

  FileSystem* files_;
  Catalog* catalog_;
  const TokenObjects* objects_;
  ChangeCounters counters_;
  std::vector<FilePath> made_;  ///< by this operation, in this order
};

}  // namespace kilt::jacarta
