// The one interface of every token family. It speaks the domain: no CK_ types, no sessions.
//
// Calls happen inside a transaction that the caller holds, one thread at a time. A driver keeps
// what it knows of the card's state (selection, login); reset_state() makes it forget that.
// Errors: drivers/errors.h and apdu/errors.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apdu/bytes.h"
#include "drivers/crypto/hash.h"
#include "drivers/errors.h"
#include "drivers/objects.h"
#include "drivers/pin_input.h"

namespace kilt {

enum class PinRole { kUser, kSo };

struct PinStatus {
  bool initialized = true;
  bool blocked = false;
  std::optional<unsigned> tries_left;
  std::optional<unsigned> tries_max;
  bool count_low = false;  ///< tries were spent; for tokens that give no numbers
  /// The PIN is one of the factory's; nothing if not known.
  std::optional<bool> factory;
  /// False: the card compares it only when it is used (an unblocking code), so that a login with it
  /// proves nothing.
  bool verifiable = true;
  /// The PIN's name, where the token has several that could be meant.
  std::string label;
  unsigned min_length = 4;  ///< bytes
  unsigned max_length = 8;  ///< bytes
};

struct TokenInfo {
  std::string label;         ///< at most 32 bytes UTF-8 reach the application
  std::string manufacturer;  ///< at most 32 bytes
  std::string model;         ///< at most 16 bytes
  std::string serial;        ///< at most 16 characters, hex digits where the token gives binary
  std::string family;        ///< driver name, e.g. "kaztoken"
  struct Version {
    unsigned major = 0, minor = 0;
  };
  Version hardware, firmware;
  std::optional<std::uint64_t> memory_total, memory_free;  ///< bytes
  bool initialized = true;                                 ///< personalised, usable
  bool has_random = false;                                 ///< the token makes random numbers
  bool write_protected = false;
  bool pin_pad = false;        ///< the PIN can be typed at the reader
  bool login_required = true;  ///< false: there is nothing to log in to
};

/// How the token signs; the host does the rest.
enum class SignScheme {
  kRsaRaw,    ///< a block of modulus length, big-endian, padded by the host
  kRsaPkcs1,  ///< DigestInfo (or any short data): the card pads (PKCS#1 v1.5, type 1)
  kRsaPss,    ///< a hash value; the card does EMSA-PSS with salt = hash length
  kEcdsa,     ///< a hash value; answer r || s, each of order length, big-endian
  kGost3410,  ///< a hash value as PKCS#11 has it; answer as its GOSTR3410 has it
};

enum class DecryptScheme {
  kRsaRaw,    ///< answer is the whole block of modulus length; the host strips the padding
  kRsaPkcs1,  ///< the card strips PKCS#1 v1.5; one that does not answers a whole block
  kRsaOaep,   ///< the card strips OAEP
};

/// Operations a user may ask about ("can this token generate keys, and if not, why?").
enum class Function {
  kSign,
  kDecrypt,
  kDerive,
  kGenerateKey,
  kImportKey,
  kWriteCertificate,
  kWriteData,
  kDeleteObject,
  kChangeAttributes,
  kChangeUserPin,
  kChangeSoPin,
  kUnblockPin,
  kInitToken,
  kRandom,
};

enum class Availability { kNative, kDelegated, kUnavailable };

struct FunctionState {
  Availability availability = Availability::kUnavailable;
  std::string reason;  ///< for kUnavailable: why, in words a user can read
};

/// Key sizes of one type.
struct KeyRange {
  KeyType type = KeyType::kRsa;
  unsigned min_bits = 0, max_bits = 0;
  bool generate = false, import = false;
  /// EC, GOST: DER OBJECT IDENTIFIERs of the curves.
  std::vector<Bytes> curves;
};

struct Capabilities {
  std::map<Function, FunctionState> functions;
  std::vector<SignScheme> sign;
  /// With which hashes the token pads PSS by itself; empty: all.
  std::vector<Hash> pss_hashes;
  std::vector<DecryptScheme> decrypt;
  std::vector<KeyRange> keys;
  bool replaces_keys = false;      ///< KeySpec::replace is understood
  bool keeps_subjects = false;     ///< Key::subject can be written
  bool limits_mechanisms = false;  ///< Key::allowed_mechanisms can be written

  [[nodiscard]] bool has(SignScheme scheme) const;
  [[nodiscard]] bool has(DecryptScheme scheme) const;
  /// Throws NotSupported with the reason unless the function is native or delegated.
  void require(Function function) const;
};

/// Arguments of a token format.
struct FormatRequest {
  std::string label;
  SecureBytes so_pin;
  /// Empty: the user PIN stays unset (C_InitToken); else it is set too.
  SecureBytes user_pin;
  /// Go on although the SO PIN could not be verified (kilt init --erase-without-so-pin).
  bool erase_without_so_pin = false;
};

class Token {
 public:
  Token() = default;
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  virtual ~Token() = default;

  /// Somebody reset the card: selection, security environment, login are gone.
  virtual void reset_state() noexcept = 0;
  /// Bytes that identify this very token (its serial): compared after a reset, so that a PIN and
  /// objects of one token never come to another. What was read before reset_state() does not count:
  /// the card is asked.
  virtual Bytes identity() = 0;

  /// Name of the profile in use where the ATR does not give it (applications are found by name),
  /// else empty.
  [[nodiscard]] virtual std::string profile_name() const { return {}; }

  /// What C_GetTokenInfo shows. Cached by the driver; costs APDUs at first only.
  virtual TokenInfo info() = 0;
  virtual const Capabilities& capabilities() = 0;
  /// PIN state without spending a try. May come from memory since the last forget_pin_status().
  virtual PinStatus pin_status(PinRole role) = 0;
  /// Another program may have spent tries: where the card counts them, it is asked again.
  virtual void forget_pin_status() noexcept = 0;

  /// Sends exactly one VERIFY with this PIN (decision 9). Throws WrongPin, PinBlocked, PinLength;
  /// for a PIN to be typed at the reader also PinEntryFailed, NotSupported with a reason.
  virtual void login(PinRole role, const PinInput& pin) = 0;
  /// Closes the card's security state. Never throws for a card that has none.
  virtual void logout() = 0;

  /// The objects seen now. The driver keeps them and reads again only what may have changed.
  virtual const ObjectList& list() = 0;
  /// The objects as of what this driver has read of the token lately, without asking it anything
  /// now; nullptr if that does not list them. For a caller who knows that all of it is young
  /// enough.
  virtual const ObjectList* remembered_list() { return nullptr; }
  /// The public half of a key, where list() did not bring it; std::monostate if the token does not
  /// give it at all.
  virtual PublicKey read_public_key(const ObjectRef& key) = 0;
  virtual Bytes read_certificate(const ObjectRef& ref) = 0;
  virtual Bytes read_data(const ObjectRef& ref) = 0;

  /// `input` as the scheme says; `hash` is what made it (kNone if unknown).
  virtual Bytes sign(const Key& key, SignScheme scheme, Hash hash, BytesView input) = 0;
  /// Big-endian cryptogram of modulus length.
  virtual SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash hash,
                              BytesView cryptogram);
  /// ECDH: `point` is the other side's uncompressed point; answer is the X coordinate.
  virtual SecureBytes derive(const Key& key, BytesView point);
  /// Fills `size` bytes from the token's random number generator.
  virtual Bytes random(std::size_t size);

  // Each of the following throws NotSupported with a reason unless the driver overrides it.
  // Those that make an object return its ref; list() shows it afterwards.
  virtual ObjectRef generate_key(const KeySpec& spec);
  virtual ObjectRef import_key(const KeySpec& spec, const PrivateKey& key);
  virtual ObjectRef write_certificate(const Certificate& certificate, BytesView der);
  virtual ObjectRef write_data(const DataObject& object, BytesView value);
  virtual void change_key(const ObjectRef& ref, const ObjectChange& change);
  virtual void change_certificate(const ObjectRef& ref, const ObjectChange& change);
  virtual void change_data(const ObjectRef& ref, const ObjectChange& change);
  /// Deletes one half of a key pair and what belongs to it alone; never the other one. The ref of
  /// what stays may be another one afterwards. Throws ObjectNotFound if the half is not on the
  /// token as an object of its own.
  virtual void delete_key(const ObjectRef& ref, KeyHalf half);
  virtual void delete_certificate(const ObjectRef& ref);
  virtual void delete_data(const ObjectRef& ref);

  /// Changes the PIN of `role`; both are typed, or both at the reader. Throws as login().
  virtual void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin);
  /// Sets the user PIN (and clears its counter) while the SO is logged in: C_InitPIN, unblock.
  virtual void init_user_pin(const SecureBytes& new_pin);
  /// Erases and personalises the token.
  virtual void format(const FormatRequest& request);
};

}  // namespace kilt
