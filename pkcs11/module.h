// The library's state between C_Initialize and C_Finalize: token sources, slots, sessions.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "pkcs11/session.h"
#include "pkcs11/slot.h"
#include "pkcs11/token_sources.h"

namespace kilt::p11 {

class Module {
 public:
  /// The ways to cards are `transports`; other sources of tokens are made as `config` says.
  Module(Config config, Transports transports);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module() = default;

  [[nodiscard]] Environment& environment() noexcept { return environment_; }

  /// Lists all readers (0 APDUs), adds slots for new ones, returns all slots.
  std::vector<std::shared_ptr<Slot>> refresh_slots();
  /// An id that is not known yet may be that of a reader not listed so far: they are listed
  /// (0 APDUs). Throws Refusal(CKR_SLOT_ID_INVALID).
  std::shared_ptr<Slot> slot(CK_SLOT_ID id);

  /// With the slot's mutex held.
  std::shared_ptr<Session> open_session(const std::shared_ptr<Slot>& slot, bool read_write);
  /// Throws Refusal(CKR_SESSION_HANDLE_INVALID).
  std::shared_ptr<Session> session(CK_SESSION_HANDLE handle);
  void forget_session(CK_SESSION_HANDLE handle);
  std::vector<std::shared_ptr<Session>> sessions_of(const Slot& slot);

  /// A slot whose state changed since the last call, marked as reported; nothing if none.
  std::optional<CK_SLOT_ID> take_event();
  /// Waits until something may have changed or the module is finalised.
  void wait_for_change();
  [[nodiscard]] bool finalizing() const noexcept { return finalizing_; }

  /// Logs out and disconnects; wakes waiting threads.
  void shut_down();
  /// In a forked child: drops what belongs to the parent without a word to pcscd.
  void abandon() noexcept;

 private:
  /// A reader and where its token comes from.
  struct Reader {
    TokenSource* source;
    apdu::ReaderState state;
  };
  /// What C_WaitForSlotEvent has reported of a slot.
  struct ReportedState {
    std::uint64_t event_count = 0;
    bool present = false;
  };

  std::vector<Reader> read_readers();
  static ReportedState state_of(const std::vector<Reader>& readers, const std::string& name);
  void add_slots(const std::vector<Reader>& readers, bool listed);
  std::shared_ptr<Slot> known_slot(CK_SLOT_ID id);
  std::vector<std::shared_ptr<Slot>> all_slots();

  Environment environment_;
  TokenSources sources_;
  std::atomic<bool> finalizing_{false};

  std::mutex mutex_;  // guards the tables below; never held across card I/O
  std::map<CK_SLOT_ID, std::shared_ptr<Slot>> slots_;
  bool slots_seen_ = false;  ///< the readers were listed
  std::map<CK_SESSION_HANDLE, std::shared_ptr<Session>> sessions_;
  std::map<CK_SLOT_ID, ReportedState> reported_;
};

}  // namespace kilt::p11
