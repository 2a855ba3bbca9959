// The commands of the eToken Java applet (eToken PRO Java 72K, 5100, 5110), as public recordings
// and open programs show them: SELECT by path, LIST, READ, GET DATA, the challenge, the raw RSA
// operation. Data objects are SIMPLE-TLV (ISO/IEC 7816-4, 5.2.1), lengths in either form.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "apdu/card.h"
#include "drivers/file_path.h"

namespace kilt::etoken::applet {

enum class FileType : Byte { kDirectory = 1, kFile = 2, kCurve = 3 };

/// What SELECT answers about a file.
struct Fci {
  FileId id = 0;
  FileType type = FileType::kFile;
  std::size_t size = 0;  ///< exact content length, 0 for directories
  std::array<Byte, 8> access{};
  Bytes security;  ///< tag 05: not empty where the file wants secure messaging
};

/// Reads tags 01 to 05, in any order; further ones are skipped. Throws MalformedAnswer for any
/// other shape.
[[nodiscard]] Fci parse_fci(BytesView answer);

/// One answer of LIST.
struct Listing {
  std::vector<FileId> children;
  bool more = false;
};
/// Tags 0A and 0B; without 0B (old applets) the list is complete. Throws MalformedAnswer.
[[nodiscard]] Listing parse_listing(BytesView answer);

/// Tags by number; of a repeated tag the first counts. Throws MalformedAnswer.
[[nodiscard]] std::map<Byte, Bytes> parse_objects(BytesView answer);

/// Who logs in: the reference in P2.
enum class KeyReference : Byte { kUser = 0x11, kSo = 0x15 };

class Files {
 public:
  explicit Files(apdu::Card& card) : card_(&card) {}

  /// SELECT by AID. False if the card has no such applet.
  bool select_applet();
  /// The card was reset, or another applet may be selected: selects ours before the next command.
  void forget_selection() noexcept { selected_ = false; }
  /// The applet answers a command of its own.
  [[nodiscard]] bool still_selected();

  /// Selects by path. Throws ObjectNotFound, MalformedAnswer for an unknown FCI.
  Fci select(const FilePath& path);
  /// Up to `size` bytes of the selected EF; fewer only at its end. Throws NotLoggedIn.
  Bytes read(std::size_t offset, std::size_t size);
  /// The whole of an EF.
  Bytes read_file(const FilePath& path);
  /// Children of a directory, in the card's order. Throws ObjectNotFound.
  std::vector<FileId> list(const FilePath& path);
  /// GET DATA 01 `tag`. Throws what throw_status() does.
  Bytes get_data(Byte tag);
  /// What the card says of a PIN object in the current DF: tags as parse_objects gives them;
  /// nothing if it does not answer that.
  std::optional<std::map<Byte, Bytes>> pin_object(KeyReference reference);
  /// The public part of the key in the current key DF, nothing if the card does not give it.
  std::optional<Bytes> public_part();

  /// Eight bytes to be enciphered with the login key.
  Bytes challenge();
  /// The answer to the challenge; the status word is the caller's business.
  StatusWord authenticate(KeyReference reference, BytesView cryptogram);
  /// The raw RSA operation of the selected key DF, on a block of modulus length. Throws
  /// NotLoggedIn, NotSupported if the reader cannot carry the command.
  Bytes rsa(BytesView block);

 private:
  apdu::Response send(const apdu::Command& command);
  [[nodiscard]] bool extended() const;
  apdu::Response send_rsa(const Bytes& body);

  apdu::Card* card_;
  bool selected_ = false;
};

}  // namespace kilt::etoken::applet
