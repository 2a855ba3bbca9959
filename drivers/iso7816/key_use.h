// Private key operations by a profile's templates, else as ISO/IEC 7816-8 has them.
#pragma once

#include <vector>

#include "apdu/card.h"
#include "drivers/iso7816/files.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt::iso7816 {

/// The key as the card knows it.
struct CardKey {
  Byte number = 0;       ///< field {n}
  Byte reference = 0;    ///< field {kk}
  std::size_t size = 0;  ///< bytes of the modulus; 0: not known
};

class KeyUse {
 public:
  /// `standard`: the card is a PKCS#15 card, so that the standard's commands may be used where the
  /// profile has none.
  KeyUse(apdu::Card& card, Files& files, const Profile& profile, bool standard);

  /// What sign() takes.
  [[nodiscard]] SignScheme sign_scheme() const;
  [[nodiscard]] DecryptScheme decrypt_scheme() const;
  // Why not, empty if it is possible.
  [[nodiscard]] std::string why_no_signature() const;
  [[nodiscard]] std::string why_no_decryption() const;

  /// `input` as sign_scheme() says. Of several ways the one is kept that made a signature which
  /// verifies with `half`. Throws NotLoggedIn, NotSupported, InvalidData, MalformedAnswer.
  Bytes sign(const CardKey& key, const PublicKey& half, BytesView input);
  /// Likewise: a way is kept that brought a whole block, which `half` makes the cryptogram again.
  SecureBytes decrypt(const CardKey& key, const PublicKey& half, BytesView cryptogram);

 private:
  /// Whether what the card made is the right thing.
  enum class Proof { kRight, kWrong, kNone };
  [[nodiscard]] std::string why_not(const Procedure& procedure, const char* what) const;
  template <typename Work, typename Prove>
  apdu::Response first_that_works(std::size_t ways, std::size_t& known, Work work, Prove prove);
  static Proof prove_signature(const PublicKey& half, BytesView input, BytesView signature);
  static Proof prove_decryption(const PublicKey& half, BytesView cryptogram, BytesView clear);
  apdu::Response carry_out(const std::vector<CommandTemplate>& environment,
                           const Procedure& procedure, const TemplateFields& fields);

  apdu::Card* card_;
  Files* files_;
  const Profile profile_;
  std::vector<SignRules> sign_ways_;  ///< tried in this order until one works
  std::vector<DecipherRules> decipher_ways_;
  std::size_t sign_way_, decipher_way_;  ///< the one that proved right, else as many as there are
};

/// Hash named in a DigestInfo and its value (RFC 8017, 9.2). Throws InvalidData if it is none.
struct DigestInfo {
  Hash hash = Hash::kNone;
  Bytes value;
};
[[nodiscard]] DigestInfo parse_digest_info(BytesView der);

}  // namespace kilt::iso7816
