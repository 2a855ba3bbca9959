// Writing objects of a Kaztoken: key pairs, certificates, data, their names; deletion.
#pragma once

#include "drivers/kaztoken/file_system.h"
#include "drivers/kaztoken/rsf.h"
#include "drivers/pkcs15/application.h"
#include "drivers/pkcs15/editor.h"

namespace kilt::kaztoken {

/// Lives for one operation, inside one transaction. Every method throws NotLoggedIn, TokenFull,
/// WriteProtected (the token was formatted by other software) besides what it says.
class Store {
 public:
  Store(apdu::Card& card, FileSystem& files, const pkcs15::Application& application);

  /// Throws NotSupported for a key the platform does not make.
  ObjectRef generate_key(const KeySpec& spec);
  /// Throws NotSupported for anything but RSA, Inconsistent if the key contradicts itself.
  ObjectRef import_key(const KeySpec& spec, const RsaPrivateKey& key);
  ObjectRef write_certificate(const Certificate& certificate, BytesView der);
  ObjectRef write_data(const DataObject& object, BytesView value);
  /// A new id goes to the key's certificates as well (design decision 18).
  void change_key(const ObjectRef& ref, const ObjectChange& change);
  void change_certificate(const ObjectRef& ref, const ObjectChange& change);
  void change_data(const ObjectRef& ref, const ObjectChange& change);
  void delete_key(const ObjectRef& ref);
  void delete_certificate(const ObjectRef& ref);
  void delete_data(const ObjectRef& ref);

 private:
  template <typename Fill>
  ObjectRef make_key(const KeySpec& spec, const KeyShape& shape, bool local, Fill fill);
  ObjectRef add_key_entries(const KeySpec& spec, const KeyShape& shape, bool local, Byte number,
                            const PublicKey& key, const Bytes& public_file);
  Bytes write_value(std::uint16_t first_id, pkcs15::FileUse use, BytesView value);
  [[nodiscard]] Byte free_key_number();
  [[nodiscard]] Bytes free_file(std::uint16_t first_id);

  apdu::Card* card_;
  FileSystem* files_;
  const pkcs15::Application* application_;
  pkcs15::Layout layout_;
  pkcs15::Editor editor_;
};

/// The key pair the platform would make. Throws NotSupported with the reason.
[[nodiscard]] KeyShape shape_of(const KeySpec& spec);

}  // namespace kilt::kaztoken
