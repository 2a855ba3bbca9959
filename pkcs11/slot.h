// A slot: a reader and its card, and what sessions share: the login and the objects.
//
// Everything here but present() is called with mutex() held, by one thread at a time; other slots
// go on working.
#pragma once

#include "pkcs11/key_object.h"
#include "pkcs11/operation_state.h"
#include "pkcs11/session_objects.h"
#include "pkcs11/slot/login_state.h"
#include "pkcs11/slot/object_table.h"
#include "pkcs11/slot/reader_slot.h"

namespace kilt::p11 {

class Slot final : public ReaderSlot {
 public:
  Slot(CK_SLOT_ID id, std::string reader, TokenSource& source, Environment& environment)
      : ReaderSlot(id, std::move(reader), source, environment),
        login_(id),
        objects_(*this, login_) {}

  [[nodiscard]] const LoginState& pins() const noexcept { return login_; }
  [[nodiscard]] LoginState& pins() noexcept { return login_; }
  [[nodiscard]] ObjectTable& objects() noexcept { return objects_; }
  /// Objects of the application's sessions with this token.
  [[nodiscard]] SessionObjects& session_objects() noexcept { return session_objects_; }
  [[nodiscard]] SavedDigests& saved_digests() noexcept { return saved_digests_; }
  /// Who is logged in, as far as is known without asking the token.
  [[nodiscard]] std::optional<PinRole> login() const noexcept { return login_.role(); }

  /// One VERIFY, factory PIN noticed (decisions 9 and 10). Throws Refusal(CKR_ARGUMENTS_BAD) for a
  /// PIN to be typed at a reader where it cannot be: then the application has forgotten the PIN.
  void log_in(PinRole role, const PinInput& pin);
  /// One VERIFY for a single use of a key (CKU_CONTEXT_SPECIFIC). Throws as log_in().
  void verify_pin(PinRole role, const PinInput& pin);
  /// Ends the login, then closes the card's security state: close_card().
  void log_out();
  /// Closes the card's security state if a login of ours may still be open there. It counts as open
  /// until this succeeds.
  void close_card();
  /// ObjectTable::with_object() for the use of a private key, work(Token&, const Key&). A token
  /// that refuses it for want of a login has none; one that does not find it although it still
  /// lists it has lost its state meanwhile, as by a reset that no reader reported: NotLoggedIn as
  /// well.
  template <typename Work>
  auto use_key(const KeyObject& key, Look look, Work work) {
    try {
      return objects_.with_object(key, look, [&](Token& token, const Object& now) {
        return work(token, dynamic_cast<const KeyObject&>(now).key());
      });
    } catch (const NotLoggedIn&) {
      login_.logged_out();
      login_.closed();
      throw;
    } catch (const ObjectNotFound&) {
      if (!still_there(key)) throw;
      after_reset();
      throw NotLoggedIn();
    }
  }
  /// Changes a PIN; both are typed, or both at the reader. Throws what the driver throws; after a
  /// wrong old PIN no role is logged in.
  void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin);
  /// Sets the user PIN; the SO is logged in.
  void set_user_pin(const PinInput& new_pin);
  /// Erases the token and sets it up anew.
  void format(const FormatRequest& request);
  /// Throws PinExpired if policy forbids private keys under a factory PIN.
  void check_pin_policy() const;

  // Counted by the session table; the last one out logs out on the card.
  void session_opened(bool read_write) noexcept;
  void session_closed(bool read_write) noexcept;
  [[nodiscard]] CK_ULONG sessions() const noexcept { return sessions_; }
  [[nodiscard]] CK_ULONG rw_sessions() const noexcept { return rw_sessions_; }

 private:
  void card_reset() noexcept override;
  void card_lost() noexcept override;
  void login_refused() noexcept override { login_.doubt(); }
  [[nodiscard]] bool still_there(const KeyObject& key);
  void forget_private_objects() noexcept;
  void require_pad(const PinInput& pin);
  void refuse_factory_pin(PinRole role, const PinInput& pin) const;

  LoginState login_;
  ObjectTable objects_;
  SessionObjects session_objects_;
  SavedDigests saved_digests_;
  CK_ULONG sessions_ = 0, rw_sessions_ = 0;
};

}  // namespace kilt::p11
