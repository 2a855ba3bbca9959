// A PKCS#15 application as the domain's objects: entries of the directory files become keys,
// certificates and data objects; values are read when asked for.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "drivers/cache.h"
#include "drivers/objects.h"
#include "drivers/pkcs15/directory.h"
#include "drivers/pkcs15/journal.h"

namespace kilt::pkcs15 {

class Application {
 public:
  /// `base` is the application's DF as file ids from the MF on, e.g. 5000. `journal`: path of the
  /// journal's EF where the family writes with one (editor.h); a change it asks for counts as made.
  Application(Files& files, Bytes base, Bytes journal = {})
      : files_(&files), base_(std::move(base)), journal_(std::move(journal)) {}

  /// Other places of ODF and TokenInfo than 5031 and 5032 (EF.DIR may name them); an empty path
  /// changes nothing.
  void set_places(Bytes odf, Bytes token_info);

  /// Everything public that was read so far, if there is more than at the last call.
  [[nodiscard]] const cache::Files* news();

  /// Reads ODF and directory files. False if there is no ODF: then the token has no such
  /// application. Damaged entries and directories that want a login are listed as odd objects.
  /// `known`: public contents read at an earlier time, as news() gave them; the caller has made
  /// sure that the token is unchanged since.
  bool load(cache::Files known = {});
  /// What load() found. Private data objects are listed too; their values need a login.
  [[nodiscard]] const ObjectList& objects() const noexcept { return objects_; }

  /// The directories that EF.ODF named when load() read it.
  [[nodiscard]] const std::vector<OdfEntry>& directories() const noexcept { return directories_; }
  /// The directory entry of a key's private half, nullptr if unknown.
  [[nodiscard]] const KeyEntry* private_entry(const ObjectRef& ref) const noexcept;
  /// Public half by its PuKDF entry; std::monostate if there is none.
  [[nodiscard]] PublicKey read_public_key(const ObjectRef& ref);
  /// The directory entries behind an object, nullptr if unknown.
  [[nodiscard]] const KeyEntry* public_entry(const ObjectRef& ref) const noexcept;
  [[nodiscard]] const CertificateEntry* certificate_entry(const ObjectRef& ref) const noexcept;
  [[nodiscard]] const DataEntry* data_entry(const ObjectRef& ref) const noexcept;
  /// DER of a certificate, padding behind it removed. Throws ObjectNotFound, MalformedAnswer.
  [[nodiscard]] Bytes read_certificate(const ObjectRef& ref);
  /// Value of a data object, as long as its file. Throws ObjectNotFound.
  [[nodiscard]] Bytes read_data(const ObjectRef& ref);
  /// EF.TokenInfo, nothing if absent or unreadable.
  [[nodiscard]] std::optional<TokenInfoEntry> read_token_info();
  /// The PINs of the authentication object directories that load() saw; damaged entries are left
  /// out. Reads the card.
  [[nodiscard]] std::vector<PinEntry> read_pins();

 private:
  struct KeyPair {
    std::optional<KeyEntry> private_half, public_half;
  };
  [[nodiscard]] Bytes file(std::uint16_t id) const;
  [[nodiscard]] Bytes odf_path() const;
  [[nodiscard]] Bytes contents(BytesView path);
  void load_directory(const OdfEntry& directory);
  void add_private_key(KeyEntry entry);
  void add_public_key(KeyEntry entry);
  void add_certificate(CertificateEntry entry, bool authority);
  void add_data(DataEntry entry);
  void finish_keys();
  [[nodiscard]] Bytes value(const Path& path, const Bytes& direct, bool is_private);
  template <typename Read>
  [[nodiscard]] Bytes remembered(Bytes name, Read read);

  Files* files_;
  Bytes base_, journal_;
  Bytes odf_, token_info_;  ///< where not in their usual places
  std::vector<OdfEntry> directories_;
  std::vector<Bytes> pin_directories_;  ///< AODFs
  std::vector<JournalRecord::Image> pending_;
  cache::Files remembered_;
  bool news_ = false;
  ObjectList objects_;
  std::vector<KeyPair> pairs_;
  std::map<ObjectRef, KeyPair> keys_;
  std::map<ObjectRef, CertificateEntry> certificates_;
  std::map<ObjectRef, DataEntry> data_;
};

// The ref that an entry's object gets.
[[nodiscard]] ObjectRef ref_of(const KeyEntry& entry);
[[nodiscard]] ObjectRef ref_of(const CertificateEntry& entry);
[[nodiscard]] ObjectRef ref_of(const DataEntry& entry);

/// A public key as PKCS#15 files hold it: RSAPublicKey, SubjectPublicKeyInfo around it, an OCTET
/// STRING with an EC or GOST point. std::monostate if it is none of these.
[[nodiscard]] PublicKey decode_public_key(const KeyEntry& entry, BytesView value);

}  // namespace kilt::pkcs15
