// The lower half of a slot: one reader name for the life of the process (design decision 18), the
// token in it, opened by the source that the reader belongs to.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "drivers/source.h"
#include "pkcs11/config.h"
#include "pkcs11/rv.h"

namespace kilt::p11 {

/// May an operation be done again after another program reset the card in the middle of it?
enum class Repeat { kNever, kOnce };

/// What all slots share.
struct Environment {
  Config config;
  ProfileSet profiles;
  /// Object and session handles: counters, never reused (decision 6).
  std::atomic<CK_ULONG> next_handle{1};
};

class ReaderSlot {
 public:
  ReaderSlot(CK_SLOT_ID id, std::string reader, TokenSource& source, Environment& environment)
      : id_(id), reader_(std::move(reader)), source_(&source), environment_(&environment) {}
  ReaderSlot(const ReaderSlot&) = delete;
  ReaderSlot& operator=(const ReaderSlot&) = delete;
  virtual ~ReaderSlot() = default;

  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }
  [[nodiscard]] CK_SLOT_ID id() const noexcept { return id_; }
  [[nodiscard]] const std::string& reader() const noexcept { return reader_; }
  /// The reader is hardware, and its token can be pulled out.
  [[nodiscard]] bool hardware() const noexcept { return source_->hardware(); }
  [[nodiscard]] const Environment& environment() const noexcept { return *environment_; }
  /// A handle that was never given before.
  [[nodiscard]] CK_ULONG new_handle() noexcept { return environment_->next_handle++; }

  /// Takes note of the reader's present state; 0 APDUs. A card that was exchanged is dropped.
  void observe(const apdu::ReaderState& state);
  /// Asks the source, then observe().
  void refresh();
  /// Also without the mutex: lists do not wait for a slot that is busy with its card.
  [[nodiscard]] bool present() const noexcept { return present_; }
  /// A card was removed since a session with this number was opened: the session is dead.
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

  /// Calls work(Token&) inside one operation on the token, which is opened first if need be. After
  /// a foreign reset the login is gone; `repeat` says whether the work may simply start again.
  /// Throws CardRemoved when the card is gone (sessions are then dead), Refusal with
  /// CKR_TOKEN_NOT_PRESENT, TokenNotRecognized, and what the work throws.
  template <typename Work>
  auto with_token(Repeat repeat, Work work) {
    for (int attempt = 0;; ++attempt) {
      try {
        const Held held(*this);
        return work(opened_->token());
      } catch (const CardReset&) {
        after_reset();
        if (repeat == Repeat::kNever || attempt > 0) throw;
      } catch (const CardRemoved&) {
        lose_card();
        throw;
      } catch (const NotLoggedIn&) {
        // This object or that may be behind another PIN; only a key that was to be used proves that
        // the login is gone (Slot::use_key).
        login_refused();
        throw;
      }
    }
  }

  /// Opens the token that is in the reader, if that has not happened yet. Throws as
  /// with_token().
  void bind();
  [[nodiscard]] bool bound() const noexcept { return opened_ != nullptr; }
  /// A PIN can be typed at the reader of the bound token.
  [[nodiscard]] bool reader_has_pad() const noexcept {
    return opened_ != nullptr && opened_->reader_has_pad();
  }
  /// When the driver was bound; what it remembers is not older.
  [[nodiscard]] std::chrono::steady_clock::time_point bound_at() const noexcept {
    return bound_at_;
  }
  /// What the bound token can do; asked once, and again after each change that is seen.
  const Capabilities& capabilities();
  /// The token was read anew: it may be able to do other things now.
  void renew_capabilities(const Capabilities& now) {
    if (capabilities_) *capabilities_ = now;
  }
  void forget_capabilities() noexcept { capabilities_.reset(); }
  /// nullptr where no profile knows the card.
  [[nodiscard]] const Profile* profile() const noexcept {
    return opened_ ? opened_->profile() : nullptr;
  }
  /// Bytes that identify the bound token.
  [[nodiscard]] const Bytes& token_identity() const noexcept { return identity_; }

  /// Closes the connection, leaving the card as it is.
  void disconnect() noexcept;
  /// In a forked child: forgets the parent's connection.
  void abandon() noexcept;

 protected:
  /// The card was reset by another program: its security state is gone.
  virtual void card_reset() noexcept = 0;
  /// The card is gone, and all that was known of it.
  virtual void card_lost() noexcept = 0;
  /// The token refused something that wants a login.
  virtual void login_refused() noexcept = 0;
  /// Forgets what a reset takes: selections, the login, and that this is the same card.
  void after_reset() noexcept;

 private:
  /// A transaction, unless one is held already by an outer call.
  class Held {
   public:
    explicit Held(ReaderSlot& slot);
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held();

   private:
    ReaderSlot* slot_;
    std::optional<TokenOperation> operation_;
  };

  void check_identity();
  void lose_card() noexcept;

  CK_SLOT_ID id_;
  std::string reader_;
  TokenSource* source_;
  Environment* environment_;
  std::mutex mutex_;

  apdu::ReaderState state_;
  std::atomic<bool> present_{false};  ///< of state_
  /// The insertion whose card no driver knew: not probed again (budget: once).
  std::optional<std::uint64_t> unrecognized_event_;
  std::string unrecognized_why_;
  std::uint64_t epoch_ = 0;

  std::unique_ptr<OpenedToken> opened_;
  std::chrono::steady_clock::time_point bound_at_;
  std::optional<Capabilities> capabilities_;
  Bytes identity_;
  bool identity_doubtful_ = false;
  unsigned held_ = 0;
};

}  // namespace kilt::p11
