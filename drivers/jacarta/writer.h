// Writing objects: key pairs, certificates, data, their names; deletion. Written is Aladdin's
// convention; objects of Athena's are changed and deleted where they are.
//
// What an interruption leaves behind is shown as odd and cleared away by the next key that takes
// the same number.
#pragma once

#include <optional>

#include "drivers/jacarta/file_writer.h"

namespace kilt::jacarta {

/// Lives for one operation, inside one transaction, on a fresh catalog. Every method throws
/// NotLoggedIn, TokenFull, WriteProtected (the token was never set up) besides what it says.
class Writer {
 public:
  Writer(Files& files, FileCache& file_cache, const TokenObjects& objects)
      : files_(&files), file_cache_(&file_cache), objects_(&objects), out_(files, file_cache) {}

  /// Throws NotSupported for a key the applet does not make.
  ObjectRef generate_key(const KeySpec& spec);
  ObjectRef import_key(const KeySpec& spec, const RsaPrivateKey& key);
  ObjectRef write_certificate(const Certificate& certificate, BytesView der);
  ObjectRef write_data(const DataObject& object, BytesView value);
  /// A new id goes to the key's certificates and container as well (design decision 18).
  void change_key(const ObjectRef& ref, const ObjectChange& change);
  void change_certificate(const ObjectRef& ref, const ObjectChange& change);
  void change_data(const ObjectRef& ref, const ObjectChange& change);
  /// One half; the other stays, and is the key from then on.
  void delete_key(const ObjectRef& ref, KeyHalf half);
  void delete_certificate(const ObjectRef& ref);
  void delete_data(const ObjectRef& ref);

 private:
  /// The files of a key pair with one number.
  struct PairFiles {
    unsigned number = 0;
    FilePath private_file, private_key, public_file, public_key;
  };
  template <typename Fill>
  ObjectRef make_key(const KeySpec& spec, unsigned bits, bool local, Fill fill);
  ObjectRef write_key_files(const PairFiles& pair, KeyNames names, const RsaPublicKey& key);
  [[nodiscard]] PairFiles free_pair();
  [[nodiscard]] bool is_half_of_interrupted_pair(const PairFiles& pair) const;
  void sweep(const PairFiles& pair);

  [[nodiscard]] std::optional<FilePath> certificate_path(const Key& key);
  [[nodiscard]] std::optional<unsigned> container_of(const ObjectRef& key) const;

  Files* files_;
  FileCache* file_cache_;
  const TokenObjects* objects_;
  FileWriter out_;
};

}  // namespace kilt::jacarta
