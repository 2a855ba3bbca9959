// The login of the eToken applet: a challenge-response with a key derived from the PIN. The PIN
// itself never goes to the card. Public sources: two independent open programs and a published
// test vector agree on it.
#pragma once

#include <functional>
#include <optional>

#include "drivers/etoken/applet/files.h"
#include "drivers/token.h"

namespace kilt::etoken::applet {

inline constexpr std::size_t kSaltSize = 20;  ///< bytes

/// The 24-byte login key: PKCS#12 key derivation (RFC 7292, B.2) with SHA-1, ID 3, 999 iterations
/// over the PIN in UTF-16BE with its terminator.
[[nodiscard]] SecureBytes derive_login_key(const SecureBytes& pin, BytesView salt);

/// The challenge enciphered with 3DES-EDE3 (one block, ECB).
[[nodiscard]] Bytes login_cryptogram(const SecureBytes& key, BytesView challenge);

/// Which salt the SO's key is derived with, where the token holds two: not proved by any public
/// source, therefore the owner's explicit choice (profile option so_salt).
enum class SoSalt { kNotChosen, kFirst, kSecond };

/// Logs in, keeps the derived key for as long as the login lasts.
class Pins {
 public:
  Pins(Files& files, SoSalt so_salt) : files_(&files), so_salt_(so_salt) {}

  /// Exactly one authentication: select salt, read it, challenge, answer. Throws WrongPin,
  /// PinBlocked, PinLength, PinNotInitialized, NotSupported for the SO without a chosen salt.
  void verify(PinRole role, const SecureBytes& pin);
  /// The login may last for one command only: `prepare` (a selection), then one authentication
  /// with the kept key, after which the caller sends its command. Throws NotLoggedIn, and wipes the
  /// key, unless the salt is the one it was derived with (a changed PIN has a new one) and the
  /// counter is as full as it was after the login: no try is spent on a key that may be old.
  void reauthenticate(const std::function<void()>& prepare);
  /// Wipes the key.
  void forget() noexcept;

  /// Without spending a try; kept until a login changes it.
  PinStatus status(PinRole role);
  void forget_status() noexcept { status_.clear(); }

 private:
  struct Kept {
    PinRole role;
    SecureBytes key;
    Bytes salt_record;
    std::optional<unsigned> tries;  ///< of the PIN, all of them there as after a login
  };
  Bytes read_salt_record();
  [[nodiscard]] BytesView salt_of(PinRole role, BytesView record) const;
  StatusWord authenticate(PinRole role, const SecureBytes& key);
  void read_status();
  [[nodiscard]] std::optional<unsigned> tries_left(PinRole role);
  [[nodiscard]] bool still_holds();
  void note_limits(BytesView record);

  Files* files_;
  SoSalt so_salt_;
  std::optional<Kept> key_;
  std::map<PinRole, PinStatus> status_;
  std::map<PinRole, unsigned> tries_max_;
};

}  // namespace kilt::etoken::applet
