// PINs of a card that a profile or its PKCS#15 directory describes.
//
// One VERIFY per login, no other command compares a PIN unless the user asked for it. Where neither
// the profile nor the standard says how to do something, it is NotSupported with the reason.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apdu/card.h"
#include "drivers/iso7816/files.h"
#include "drivers/pkcs15/entries.h"
#include "drivers/profile/profile.h"
#include "drivers/token.h"

namespace kilt::iso7816 {

class Pins {
 public:
  Pins(apdu::Card& card, Files& files, const Profile& profile);

  /// The PINs of the PKCS#15 directory; a profile's own description wins over them.
  void set_directory(const std::vector<pkcs15::PinEntry>& entries);
  /// The card has a user PIN that we know how to present.
  [[nodiscard]] bool known(PinRole role) const noexcept { return find(role) != nullptr; }
  /// authId of the user PIN, empty if unknown: keys under another PIN cannot be used.
  [[nodiscard]] const Bytes& user_auth_id() const noexcept { return user_auth_id_; }
  /// The user PIN's name, where the card has several.
  [[nodiscard]] const std::string& user_label() const noexcept { return user_label_; }

  /// Throws as Token::login. A PIN typed at the reader goes only where the command is the PIN block
  /// (or old and new one) and nothing else. For the SO role of a card that has only
  /// a code to unblock (PUK), nothing is sent and nothing is proved, as status() says: the code is
  /// kept for the one set_user_pin() that follows, because the card takes both in one command.
  void verify(PinRole role, const PinInput& pin);
  void change(PinRole role, const PinInput& old_pin, const PinInput& new_pin);
  /// The user PIN can be typed at the reader.
  [[nodiscard]] bool takes_pad() const;
  /// Unblocks: gives the user PIN a new value.
  void set_user_pin(const SecureBytes& new_pin);
  /// What is known without spending a try; asks the card at most once between two comparisons, and
  /// only where profile or standard allow it.
  PinStatus status(PinRole role);
  /// Asks again at the next status(), where that may be asked.
  void forget_status() noexcept;
  void logout();
  /// Reset, or the login is gone in another way.
  void forget() noexcept;

  // Why it is not possible, empty if it is.
  [[nodiscard]] std::string why_no_change() const;
  [[nodiscard]] std::string why_no_unblock() const;
  [[nodiscard]] std::string why_no_login() const;

 private:
  struct Pin {
    PinRules rules;
    Bytes directory;           ///< DF to be selected first (PKCS#15 path)
    bool of_standard = false;  ///< commands of the standard, not of the profile
    bool may_change = true, may_unblock = true;
    std::string not_understood;  ///< why it cannot be presented; empty: it can
  };
  struct Remembered {
    bool asked = false, blocked = false;
    std::optional<unsigned> tries_left;
  };

  [[nodiscard]] const Pin* find(PinRole role) const noexcept;
  const Pin& need(PinRole role) const;
  [[nodiscard]] bool usable(const Procedure& procedure) const noexcept;
  [[nodiscard]] std::string why_not(const Procedure& procedure, const char* what) const;
  Pin from_directory(const pkcs15::PinEntry& entry) const;
  void select(const Pin& pin);
  apdu::Response run(const Pin& pin, const Procedure& procedure, const TemplateFields& fields);
  [[nodiscard]] apdu::Response ask_at_reader(const Pin& pin, const Procedure& procedure,
                                             bool two_blocks);
  void judge(PinRole role, const Pin& pin, const apdu::Response& answer, const char* what);
  [[nodiscard]] PinFormat puk_format() const;

  apdu::Card* card_;
  Files* files_;
  const Profile profile_;
  std::optional<Pin> user_, so_;
  std::optional<PinFormat> puk_;  ///< form of the unblocking code, where the directory has one
  std::string puk_not_understood_;
  Bytes user_auth_id_;
  std::string user_label_;
  SecureBytes held_puk_;
  std::map<PinRole, Remembered> remembered_;
};

}  // namespace kilt::iso7816
