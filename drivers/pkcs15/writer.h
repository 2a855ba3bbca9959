// Writing the objects of a PKCS#15 application: key pairs, certificates, data, their names;
// deletion. One implementation for every family; the family brings its files and its way to make
// keys.
#pragma once

#include <exception>
#include <set>

#include "drivers/pkcs15/editor.h"
#include "drivers/pkcs15/objects.h"

namespace kilt::pkcs15 {

/// What kind of key pair is made.
struct KeyShape {
  KeyType type = KeyType::kRsa;
  unsigned bits = 2048;
  /// GOST: number of the CryptoPro curve, 1 A, 2 B, 3 C.
  unsigned curve = 0;
};

/// A number that free_number() gave belongs to an object that no directory names.
class NumberTaken : public std::exception {};

/// A family's key objects. They are no EFs of the application: each card makes them in its own way.
class KeyWriter {
 public:
  using Orphan = JournalRecord::Orphan;

  KeyWriter() = default;
  KeyWriter(const KeyWriter&) = delete;
  KeyWriter& operator=(const KeyWriter&) = delete;
  virtual ~KeyWriter() = default;

  /// The key pair that the card would make. Throws NotSupported with the reason.
  virtual KeyShape shape(const KeySpec& spec) = 0;
  /// Number of a pair that does not exist yet, none of `taken`. Throws TokenFull.
  virtual Byte free_number(const Objects& objects, const std::set<Byte>& taken) = 0;
  /// Path of the private half, as its directory entry names it.
  [[nodiscard]] virtual Bytes path(Byte number) const = 0;
  /// What a pair in the making must not leave behind, for the journal; `public_file` is the EF with
  /// its public key, named by the directory as soon as the pair is complete.
  [[nodiscard]] virtual std::vector<Orphan> parts(Byte number, const Bytes& public_file) const = 0;
  /// What goes with the entry of a private half.
  [[nodiscard]] virtual std::vector<Orphan> leftovers(const KeyEntry& private_half) const = 0;
  /// Makes the pair on the card; answers its public half. Throws NumberTaken.
  virtual PublicKey generate(Byte number, const KeySpec& spec, const KeyShape& shape) = 0;
  /// Brings a pair onto the card. Throws Inconsistent if the key contradicts itself, NumberTaken.
  virtual void import(Byte number, const KeySpec& spec, const KeyShape& shape,
                      const RsaPrivateKey& key) = 0;
};

/// Where a family keeps what.
struct FileAllocation {
  Layout layout;
  /// First file ids of the values of each kind.
  std::uint16_t public_keys = 0, certificates = 0, data = 0, private_data = 0;
  /// AODF's name of the PIN that guards keys and private data.
  Bytes user_auth_id;
};

/// Lives for one operation, inside one transaction. Every method throws NotLoggedIn, TokenFull,
/// WriteProtected (the token was formatted by other software) besides what it says.
class Writer {
 public:
  Writer(WritableFiles& files, KeyWriter& key_writer, const Objects& objects,
         FileAllocation allocation);

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
  /// One half; the other stays, and is the key from then on.
  void delete_key(const ObjectRef& ref, KeyHalf half);
  void delete_certificate(const ObjectRef& ref);
  void delete_data(const ObjectRef& ref);

 private:
  template <typename Fill>
  ObjectRef make_key(const KeySpec& spec, const KeyShape& shape, bool local, Fill fill);
  template <typename Fill>
  ObjectRef make_key_as(Byte number, const KeySpec& spec, const KeyShape& shape, bool local,
                        Fill fill);
  ObjectRef add_key_entries(const KeySpec& spec, const KeyShape& shape, bool local, Byte number,
                            const PublicKey& key, const Bytes& public_file);
  template <typename Entry, typename Decode>
  std::vector<Bytes>::iterator need_stored(DirectoryKind kind, const Entry& wanted, Decode decode,
                                           const char* what);
  Bytes write_value(std::uint16_t first_id, FileUse use, BytesView value);
  [[nodiscard]] bool exists(BytesView path);
  [[nodiscard]] Bytes free_file(std::uint16_t first_id);

  WritableFiles* files_;
  KeyWriter* key_writer_;
  const Objects* objects_;
  FileAllocation allocation_;
  Editor editor_;
};

}  // namespace kilt::pkcs15
