// A slot: one reader name for the life of the process (design decision 18), the card in it, the
// driver bound to that card, and what sessions share: login state and objects.
//
// Everything here but present() is called with mutex() held, by one thread at a time; other slots
// go on working.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "apdu/card.h"
#include "apdu/reader.h"
#include "drivers/profile.h"
#include "drivers/token.h"
#include "pkcs11/config.h"
#include "pkcs11/object.h"
#include "pkcs11/rv.h"
#include "pkcs11/status_object.h"

namespace kilt::p11 {

/// May an operation be done again after somebody reset the card in the middle of it?
enum class Repeat { kNever, kOnce };

/// What all slots share.
struct Environment {
  Config config;
  ProfileSet profiles;
  /// Object and session handles: counters, never reused (decision 6).
  std::atomic<CK_ULONG> next_handle{1};
};

class Slot : private Loader {
 public:
  Slot(CK_SLOT_ID id, std::string reader, apdu::Transport& transport, Environment& environment)
      : id_(id), reader_(std::move(reader)), transport_(&transport), environment_(&environment) {}

  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }
  [[nodiscard]] CK_SLOT_ID id() const noexcept { return id_; }
  [[nodiscard]] const std::string& reader() const noexcept { return reader_; }
  [[nodiscard]] const Environment& environment() const noexcept { return *environment_; }
  [[nodiscard]] Loader& loader() noexcept { return *this; }

  /// Takes note of the reader's present state; 0 APDUs. A card that was exchanged is dropped.
  void observe(const apdu::ReaderState& state);
  /// Asks the transport, then observe().
  void refresh();
  /// Also without the mutex: lists do not wait for a slot that is busy with its card.
  [[nodiscard]] bool present() const noexcept { return present_; }
  /// A card was removed since a session with this number was opened: the session is dead.
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

  /// Calls work(Token&) inside a transaction; binds card and driver first if need be. After a
  /// foreign reset the login is gone; `repeat` says whether the work may simply start again.
  /// Throws CardRemoved when the card is gone (sessions are then dead), Refusal with
  /// CKR_TOKEN_NOT_PRESENT, TokenNotRecognized, and what the work throws.
  template <typename Work>
  auto with_token(Repeat repeat, Work work) {
    for (int attempt = 0;; ++attempt) {
      try {
        const Held held(*this);
        return work(*token_);
      } catch (const CardReset&) {
        after_reset();
        if (repeat == Repeat::kNever || attempt > 0) throw;
      } catch (const CardRemoved&) {
        lose_card();
        throw;
      } catch (const NotLoggedIn&) {
        login_.reset();  // another program logged out: say so instead of believing we are in
        throw;
      }
    }
  }

  /// Connects to the card and finds its driver, if that has not happened yet. Throws as
  /// with_token().
  void bind();
  /// What the bound token can do; asked once.
  const Capabilities& capabilities();

  [[nodiscard]] std::optional<PinRole> login() const noexcept { return login_; }
  /// One VERIFY, factory PIN noticed (decisions 9 and 10).
  void log_in(PinRole role, const SecureBytes& pin);
  /// The same with the PIN typed at the reader. Throws Refusal(CKR_ARGUMENTS_BAD) where it cannot
  /// be: then the application has forgotten the PIN.
  void log_in_at_pad(PinRole role);
  void log_out();
  /// One VERIFY for a single use of a key (CKU_CONTEXT_SPECIFIC).
  void verify_pin(PinRole role, const SecureBytes& pin);
  void verify_pin_at_pad(PinRole role);
  void change_pin_at_pad(PinRole role);
  /// Changes a PIN. Throws what the driver throws; after a wrong old PIN nobody is logged in.
  void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin);
  /// The PIN is another one now; takes note whether it is a factory PIN.
  void pin_changed(PinRole role, const SecureBytes& pin);
  /// The token was erased and set up anew: nothing known of it holds any more.
  void token_formatted();
  /// The user PIN in use is a factory PIN and must be changed (CKF_USER_PIN_TO_BE_CHANGED).
  [[nodiscard]] bool factory_pin(PinRole role) const noexcept;
  /// What the token says of a PIN, and what was seen of it here: a wrong one since the last right
  /// one shows even where the token tells no numbers.
  [[nodiscard]] PinStatus pin_status(Token& token, PinRole role) const;
  /// Throws PinExpired if policy forbids private keys under a factory PIN.
  void check_pin_policy() const;
  [[nodiscard]] const Profile* profile() const noexcept { return profile_; }

  /// Token objects visible in the present login state, by handle; read again if need be.
  const std::map<Handle, ObjectPtr>& objects();
  /// Objects known without asking the token.
  [[nodiscard]] const std::map<Handle, ObjectPtr>& known_objects() const noexcept {
    return objects_;
  }
  /// The object may be seen in the present login state.
  [[nodiscard]] bool visible(const Object& object) const noexcept {
    return !object.is_private() || login_ == PinRole::kUser;
  }
  /// Objects were written: list again at the next look.
  void objects_changed() noexcept { list_generation_.reset(); }
  /// The token status object; costs no listing.
  std::pair<Handle, ObjectPtr> status_object();
  /// Why the last refused call was refused, for the status object.
  void note_reason(const std::string& reason) { last_reason_ = reason; }
  /// A handle nobody had before.
  [[nodiscard]] Handle new_handle() noexcept { return environment_->next_handle++; }
  /// The handle of a token object by its identity, 0 if not (or not yet) listed.
  [[nodiscard]] Handle handle_of(CK_OBJECT_CLASS object_class, const ObjectRef& ref);

  // Counted by the session table; the last one out logs out on the card.
  void session_opened(bool read_write) noexcept;
  void session_closed(bool read_write) noexcept;
  [[nodiscard]] CK_ULONG sessions() const noexcept { return sessions_; }
  [[nodiscard]] CK_ULONG rw_sessions() const noexcept { return rw_sessions_; }

  /// Closes the connection, leaving the card as it is.
  void disconnect() noexcept;
  /// In a forked child: forgets the parent's connection.
  void abandon() noexcept;

 private:
  /// A transaction, unless one is held already by an outer call.
  class Held {
   public:
    explicit Held(Slot& slot);
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held();

   private:
    Slot* slot_;
    std::optional<apdu::Transaction> transaction_;
  };

  void check_identity();
  /// Does what compares a PIN and remembers how it went.
  template <typename Work>
  void comparing(PinRole role, Work work) {
    try {
      with_token(Repeat::kNever, work);
      wrong_pin_.erase(role);
    } catch (const WrongPin& error) {
      wrong_pin_[role] = error.tries_left();
      throw;
    }
  }
  void after_reset() noexcept;
  void lose_card() noexcept;
  void forget_private_objects();
  void send_pin(PinRole role, const std::function<void(Token&)>& send);
  void send_new_pin(PinRole role, const std::function<void(Token&)>& send);
  void require_pad();
  void update_objects(const ObjectList& list, const Capabilities& capabilities);
  void add_object(std::map<Handle, ObjectPtr>& fresh, ObjectPtr object, const ObjectRef& ref);

  PublicKey load_public_key(const Key& key) override;
  Bytes load_certificate(const Certificate& certificate) override;
  Bytes load_data(const DataObject& data) override;
  std::optional<host::CertificateFields> certificate_of(const Bytes& id) override;
  TokenStatus load_status() override;
  [[nodiscard]] const Bytes& token_identity() const noexcept override { return identity_; }

  using Identity = std::pair<CK_OBJECT_CLASS, ObjectRef>;

  CK_SLOT_ID id_;
  std::string reader_;
  apdu::Transport* transport_;
  Environment* environment_;
  std::mutex mutex_;

  apdu::ReaderState state_;
  std::atomic<bool> present_{false};  ///< of state_
  /// The insertion whose card no driver knew: not probed again (budget: once).
  std::optional<std::uint64_t> unrecognized_event_;
  std::string unrecognized_why_;
  std::uint64_t epoch_ = 0;

  std::unique_ptr<apdu::Card> card_;
  std::unique_ptr<Token> token_;
  const Profile* profile_ = nullptr;
  std::optional<Capabilities> capabilities_;
  Bytes identity_;
  bool identity_doubtful_ = false;
  unsigned held_ = 0;

  std::optional<PinRole> login_;
  std::map<PinRole, bool> factory_pin_;
  /// Since the last right PIN a wrong one was given; how many tries the token then had.
  std::map<PinRole, std::optional<unsigned>> wrong_pin_;
  CK_ULONG sessions_ = 0, rw_sessions_ = 0;

  std::map<Handle, ObjectPtr> objects_;
  std::map<Identity, Handle> handles_;
  std::optional<std::uint64_t> list_generation_;
  /// The driver has read all that it remembers since then.
  std::chrono::steady_clock::time_point looked_at_;
  std::optional<Handle> status_handle_;
  std::vector<OddObject> odd_;
  std::string last_reason_;
};

}  // namespace kilt::p11
