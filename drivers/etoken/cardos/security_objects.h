// Objects of CardOS that are no files: PINs, keys, security environments, made by PUT DATA in the
// current DF (sheet, section 3).
#pragma once

#include <optional>

#include "drivers/etoken/cardos/files.h"
#include "drivers/objects.h"

namespace kilt::etoken::cardos {

inline constexpr Byte kFirstKey = 0x10, kLastKey = 0x1F;
inline constexpr std::size_t kPinSize = 8;  ///< stored, zeros at its end
inline constexpr unsigned kLongestShortKey = 1024;

/// Conditions and counter of a new PIN.
struct PinObject {
  Byte id = 0;
  Byte unblock = 0xFF;  ///< id of the PIN that unblocks this one; FF: none
  unsigned tries = 0, min_length = 0;
};

/// PIN references in VERIFY and so on: searched in the current DF and above.
[[nodiscard]] constexpr Byte pin_reference(Byte id) { return 0x80 | id; }
/// The PIN, filled up with `pad`. Throws PinLength.
[[nodiscard]] SecureBytes padded(const SecureBytes& pin, std::size_t size = kPinSize,
                                 Byte pad = 0x00);

/// Makes the PIN, or gives one that exists a new value and a full counter.
void put_pin(apdu::Card& card, const PinObject& object, const SecureBytes& pin);
/// Makes the default security environment, without which a DF's keys cannot be chosen.
void put_environment(apdu::Card& card);

/// A key that CardOS either signs or deciphers with.
struct KeyObject {
  Byte id = 0;
  unsigned bits = 0;
  bool signs = false;
  Byte pin = 0;
};

/// Makes the key on the card. Throws pkcs15::NumberTaken if a key is there that is not
/// ours to overwrite.
[[nodiscard]] RsaPublicKey generate_key(apdu::Card& card, Files& files, const KeyObject& key);
/// Loads the key. Throws as generate_key does.
void load_key(apdu::Card& card, const KeyObject& key, const RsaPrivateKey& value);

/// EF that takes the public half of a new key and is deleted afterwards.
[[nodiscard]] Bytes temporary_file();
/// A path that names no file but a key, for the journal: removing it destroys the key.
[[nodiscard]] Bytes key_mark(Byte id, unsigned bits);
struct MarkedKey {
  Byte id = 0;
  bool is_long = false;
};
[[nodiscard]] std::optional<MarkedKey> marked_key(BytesView path);
/// CardOS has no command that deletes a key. No key takes its place, as OpenSC does it, or a new
/// one where the card lets only the SO overwrite keys.
void destroy_key(apdu::Card& card, Files& files, const MarkedKey& key);

/// The application's DF, 3F00 leading.
[[nodiscard]] const Bytes& application_folder();
/// The package for RSA keys of more than 1024 bits is on the card.
[[nodiscard]] bool has_long_keys(apdu::Card& card);

}  // namespace kilt::etoken::cardos
