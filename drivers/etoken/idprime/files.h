// The files of an IDPrime card (applet "IAS Classic v4"): SELECT by id, READ BINARY, and the
// state of the selection. What the files hold: minidriver.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apdu/card.h"
#include "drivers/file_path.h"

namespace kilt::etoken::idprime {

inline constexpr FileId kKeyMap = 0x0005, kIndex = 0x0101, kCardId = 0x0201, kContainerMap = 0x0204;

class Files {
 public:
  explicit Files(apdu::Card& card) : card_(&card) {}
  [[nodiscard]] apdu::Card& card() noexcept { return *card_; }

  /// SELECT by AID; false if the card has no such applet.
  bool select_applet();
  /// The card was reset: the applet is selected anew before the next command.
  void forget_selection() noexcept { selected_ = false; }
  /// 8 bytes that stay while the card is powered, given together with the applet's own name;
  /// nothing if what answers is no such applet.
  std::optional<Bytes> session_id();
  /// Nobody reset the card or selected another applet since select_applet(), as far as the card
  /// tells ("00 A6"). If another program did, the applet is selected anew.
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
  apdu::Card* card_;
  bool selected_ = false;
  std::optional<Bytes> session_id_;
};

}  // namespace kilt::etoken::idprime
