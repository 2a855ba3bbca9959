// Key pairs in places that a profile names: is there a key, its public half, generation. On the ID
// card these are the containers 07 to 0A (shape: the CA's diagnostic tool, 2021).
#pragma once

#include <optional>
#include <vector>

#include "apdu/card.h"
#include "drivers/iso7816/files.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt::iso7816 {

/// The RSA public key in the answer to GET DATA or GENERATE: modulus 81 and exponent 82 in a
/// template 7F49, whatever is around it. Nothing if there is none or it is empty. Throws
/// MalformedAnswer.
[[nodiscard]] std::optional<RsaPublicKey> parse_public_key(BytesView answer,
                                                           BytesView default_exponent);

class KeySlots {
 public:
  KeySlots(apdu::Card& card, Files& files, const Profile& profile)
      : card_(&card), files_(&files), profile_(profile) {}

  /// Public keys can be read by the profile's command.
  [[nodiscard]] bool readable() const noexcept;
  /// The slot with this key reference, nullptr if the profile has none.
  [[nodiscard]] const KeySlot* find(Byte reference) const noexcept;
  /// The key in the slot, nothing if it is empty. Throws NotLoggedIn if the card wants a login
  /// first.
  std::optional<RsaPublicKey> read(const KeySlot& slot);
  /// Every slot's key, in the profile's order; the card is asked again if all seem empty although
  /// another program may have left the place.
  /// A slot that answers with an error costs itself only; see faults().
  std::vector<std::pair<const KeySlot*, RsaPublicKey>> read_all();
  /// What was wrong with single slots at the last read_all().
  [[nodiscard]] const std::vector<std::string>& faults() const noexcept { return faults_; }

  /// Makes a key pair in an empty slot, or in `instead_of`, whose key is lost then. Throws
  /// NotSupported (not by this profile, not of this kind), TokenFull (no empty slot), NotLoggedIn.
  const KeySlot& generate(const KeySpec& spec, const KeySlot* instead_of);
  /// Why not, empty if it is possible.
  [[nodiscard]] std::string why_no_generation() const;

 private:
  [[nodiscard]] bool absent(StatusWord sw) const noexcept;
  [[nodiscard]] static TemplateFields fields(const Bytes& number, const Bytes& reference);
  [[nodiscard]] bool is_empty(const KeySlot& slot);
  bool generate_in(const KeySlot& slot);
  void fetch_rest(Bytes& data);

  apdu::Card* card_;
  Files* files_;
  const Profile profile_;
  std::vector<std::string> faults_;
};

}  // namespace kilt::iso7816
