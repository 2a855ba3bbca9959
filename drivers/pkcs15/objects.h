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

class Objects {
 public:
  /// `base` is the application's DF as file ids from the MF on, e.g. 5000. `journal`: path of the
  /// journal's EF where the family writes with one (editor.h); a change it asks for counts as made.
  Objects(Files& files, Bytes base, Bytes journal = {})
      : files_(&files), base_(std::move(base)), journal_(std::move(journal)) {}

  /// Other places of ODF and TokenInfo than 5031 and 5032 (EF.DIR may name them); an empty path
  /// changes nothing.
  void set_paths(Bytes odf, Bytes token_info);

  /// The directories of the family's own layout: read where EF.ODF is missing or damaged.
  void set_usual_directories(std::vector<OdfEntry> directories) {
    usual_directories_ = std::move(directories);
  }

  /// Everything public that was read so far, if there is more than at the last call.
  [[nodiscard]] const cache::Files* unsaved_files();

  /// How far contents read at an earlier time are believed.
  enum class Trust {
    kAll,     ///< the caller has made sure that the token is unchanged since
    kValues,  ///< directories are read again; values count if every directory is as it was
  };
  /// Reads ODF, directory files and the public halves of keys. False if there is no ODF: then the
  /// token has no such application. Damaged entries and directories that cannot be read are listed
  /// as odd objects; one bad file costs what stands in it, no more.
  /// `known`: public contents read at an earlier time, as unsaved_files() gave them.
  /// `same_mark`: the token's mark of its last change is that of the last load(): then equal
  /// directories are the same objects, and list().generation and changes stay.
  bool load(cache::Files known = {}, Trust trust = Trust::kAll, bool same_mark = false);
  /// All that was read so far and everybody may read, for load() again.
  [[nodiscard]] const cache::Files& known() const noexcept { return remembered_; }
  /// What load() found. Private data objects are listed too; their values need a login.
  [[nodiscard]] const ObjectList& list() const noexcept { return list_; }

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
  /// Its lastUpdate, empty if there is none. Who erases the application writes a later one: within
  /// one second the fresh token would else carry the mark of the erased one.
  [[nodiscard]] std::string last_update();
  /// The PINs of the authentication object directories that load() saw; damaged entries are left
  /// out. Reads the card.
  [[nodiscard]] std::vector<PinEntry> read_pins();
  /// read_pins() met a directory or an entry that it could not read: there may be other PINs.
  [[nodiscard]] bool pins_unread() const noexcept { return pins_unread_; }

 private:
  struct KeyPair {
    std::optional<KeyEntry> private_half, public_half;
  };
  [[nodiscard]] Bytes file(std::uint16_t id) const;
  [[nodiscard]] Bytes odf_path() const;
  [[nodiscard]] Bytes contents(BytesView path);
  [[nodiscard]] bool find_directories();
  void read_pending();
  [[nodiscard]] std::optional<Bytes> read_entries(const OdfEntry& directory);
  void add_entries(DirectoryKind kind, const Bytes& entries);
  void add_private_key(KeyEntry entry);
  void add_public_key(KeyEntry entry);
  void add_certificate(CertificateEntry entry, bool authority);
  void add_data(DataEntry entry);
  void finish_keys();
  [[nodiscard]] PublicKey public_half(const KeyPair& pair);
  [[nodiscard]] std::optional<Bytes> known_certificate(const CertificateEntry& entry) const;
  [[nodiscard]] Bytes value(const Path& path, const Bytes& direct, bool is_private);
  template <typename Read>
  [[nodiscard]] Bytes remembered(Bytes name, Read read);

  Files* files_;
  Bytes base_, journal_;
  Bytes odf_, token_info_;  ///< where not in their usual places
  std::vector<OdfEntry> directories_, usual_directories_;
  std::vector<Bytes> pin_directories_;  ///< AODFs
  std::vector<JournalRecord::Image> pending_;
  cache::Files remembered_;
  cache::Files former_;        ///< Trust::kValues: what may still hold
  bool former_holds_ = false;  ///< no directory has contradicted it so far
  bool pins_unread_ = false;
  Bytes print_, last_print_;  ///< all directories, as read now and by the load() before
  bool has_unsaved_ = false;
  ObjectList list_;
  std::vector<KeyPair> pairs_;
  std::map<ObjectRef, KeyPair> keys_;
  std::map<ObjectRef, CertificateEntry> certificates_;
  std::map<ObjectRef, DataEntry> data_;
};

// The ref that an entry's object gets. Where several objects have one file, Objects adds what
// distinguishes them.
[[nodiscard]] ObjectRef ref_of(const KeyEntry& entry, const PublicKey& public_half);
[[nodiscard]] ObjectRef ref_of(const CertificateEntry& entry);
[[nodiscard]] ObjectRef ref_of(const DataEntry& entry);

}  // namespace kilt::pkcs15
