// The files of an IDPrime card (applet "IAS Classic v4"): SELECT by id, READ BINARY, the index of
// Microsoft's minidriver, the container map, the key map, certificate files. Layouts as OpenSC's
// driver and public logs show them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apdu/card.h"

namespace kilt::etoken::idprime {

using FileId = std::uint16_t;

inline constexpr FileId kKeyMap = 0x0005, kIndex = 0x0101, kCardId = 0x0201, kContainerMap = 0x0204;

/// An entry of the index.
struct IndexEntry {
  FileId file = 0;
  std::size_t size = 0;
  std::string name, directory;

  bool operator==(const IndexEntry&) const = default;
};
/// Entries of 21 bytes behind a count. Throws MalformedAnswer if they are fewer than counted.
[[nodiscard]] std::vector<IndexEntry> parse_index(BytesView contents);

/// A record of the container map.
struct Container {
  unsigned number = 0;
  std::string name;
  unsigned sign_bits = 0, exchange_bits = 0;
};
/// Records of 86 bytes up to the first empty one.
[[nodiscard]] std::vector<Container> parse_container_map(BytesView contents);

/// A record of the key map (940 only).
struct MappedKey {
  Byte reference = 0;
  unsigned container = 0;
  bool signature_pin = false;  ///< behind the digital-signature PIN
};
/// Records of 8 bytes; unused ones are left out.
[[nodiscard]] std::vector<MappedKey> parse_key_map(BytesView contents);

/// DER out of a certificate file, which may hold it compressed. Throws MalformedAnswer, also for
/// a stream that inflates beyond the size it announces.
[[nodiscard]] Bytes unpack_certificate(BytesView contents);

/// The text of the 'tinfo' file: 01, length, name.
[[nodiscard]] std::string parse_token_name(BytesView contents);

class Files {
 public:
  explicit Files(apdu::Card& card) : card_(&card) {}
  [[nodiscard]] apdu::Card& card() noexcept { return *card_; }

  /// SELECT by AID; false if the card has no such applet.
  bool select_applet();
  /// The card was reset: the applet is selected anew before the next command.
  void forget_selection() noexcept { selected_ = false; }
  /// Nobody reset the card or selected another applet since select_applet(), as far as the card
  /// tells ("00 A6"). If somebody did, the applet is selected anew.
  bool still_selected();

  /// Size of an EF. Throws ObjectNotFound.
  std::size_t select(FileId file);
  /// Up to `size` bytes of the selected EF. Throws NotLoggedIn.
  Bytes read(std::size_t offset, std::size_t size);
  Bytes read_file(FileId file);
  /// As read_file, but no further than the first record that begins with 00.
  Bytes read_records(FileId file, std::size_t record_size);

  /// Sends a command to the selected applet.
  apdu::Response send(const apdu::Command& command);

 private:
  std::optional<Bytes> session_id();

  apdu::Card* card_;
  bool selected_ = false;
  std::optional<Bytes> session_id_;
};

}  // namespace kilt::etoken::idprime
