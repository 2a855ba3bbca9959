// The file system of CardOS M4: SELECT by path, READ and UPDATE BINARY, DIRECTORY, and making and
// deleting files as CardOS 4.2 wants it (sheet, section 2).
#pragma once

#include <array>
#include <map>
#include <vector>

#include "apdu/card.h"
#include "drivers/pkcs15/files.h"

namespace kilt::etoken::cardos {

/// Access conditions, one byte per operation: 00 always, FF never, else the id of a PIN. EF: read,
/// update, append, deactivate, activate, delete, admin, increase, decrease; DF: life cycle, update
/// and append objects, deactivate, activate, delete, admin, create, unused.
using Acl = std::array<Byte, 9>;

/// Ids of the PINs that guard new files.
struct Guards {
  Byte user = 0x03, so = 0x01;
};

/// Conditions of an EF for this use.
[[nodiscard]] Acl rights(pkcs15::FileUse use, const Guards& guards);

class Files : public pkcs15::WritableFiles {
 public:
  explicit Files(apdu::Card& card) : card_(&card) {}

  std::size_t select(BytesView path) override;
  Bytes read(std::size_t offset, std::size_t length) override;
  void create(BytesView path, pkcs15::FileUse use, std::size_t size) override;
  void create(BytesView path, const Acl& acl, std::size_t size, bool records = false);
  /// A DF below the MF, with its name.
  void create_folder(BytesView path, BytesView name, const Acl& acl, std::size_t size);
  void update(std::size_t offset, BytesView data) override;
  [[nodiscard]] std::size_t max_update() const override { return max_update_; }
  /// An EF or an empty DF; a path that key_mark() made destroys that key instead.
  void remove(BytesView path) override;

  /// File ids in the DF at `path`. Throws ObjectNotFound.
  std::vector<std::uint16_t> children(BytesView path);
  /// The path leads to something.
  [[nodiscard]] bool exists(BytesView path);
  /// Condition for UPDATE of the EF at `path`, known from an earlier SELECT or asked now.
  /// Conditions do not change. Throws ObjectNotFound.
  [[nodiscard]] Byte update_condition(BytesView path);

  /// Before anything is made: the card's administration phase, in which alone it takes objects, and
  /// the size of its buffer. At most three commands, and none again until forget().
  void start_writing();
  void forget() noexcept { writing_ = false; }
  void set_guards(const Guards& guards) noexcept { guards_ = guards; }
  [[nodiscard]] const Guards& guards() const noexcept { return guards_; }

 private:
  void create(BytesView path, Byte type, const Acl& acl, std::size_t size, BytesView name);

  apdu::Card* card_;
  Guards guards_;
  bool writing_ = false;
  std::size_t max_update_ = 128, read_block_ = 256;
  std::map<Bytes, Byte> update_conditions_;
};

}  // namespace kilt::etoken::cardos
