// The library's state between C_Initialize and C_Finalize: transports, slots, sessions.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "apdu/reader.h"
#include "pkcs11/session.h"
#include "pkcs11/slot.h"

namespace kilt::p11 {

class Module {
 public:
  /// Transports are made by `transports`, so that tests can bring their own.
  using Transports = std::vector<std::unique_ptr<apdu::Transport>>;
  explicit Module(Config config, Transports transports);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module() = default;

  [[nodiscard]] Environment& environment() noexcept { return environment_; }

  /// Looks at all readers (0 APDUs), adds slots for new ones, returns all slots.
  std::vector<std::shared_ptr<Slot>> refresh_slots();
  /// Throws Refusal(CKR_SLOT_ID_INVALID).
  std::shared_ptr<Slot> slot(CK_SLOT_ID id);

  /// With the slot's mutex held.
  std::shared_ptr<Session> open_session(const std::shared_ptr<Slot>& slot, bool read_write);
  /// Throws Refusal(CKR_SESSION_HANDLE_INVALID).
  std::shared_ptr<Session> session(CK_SESSION_HANDLE handle);
  void forget_session(CK_SESSION_HANDLE handle);
  std::vector<std::shared_ptr<Session>> sessions_of(const Slot& slot);

  /// A slot whose state changed since the last call, marked as told; nothing if none.
  std::optional<CK_SLOT_ID> take_event();
  /// Waits until something may have changed or the module is finalised.
  void wait_for_change();
  [[nodiscard]] bool finalizing() const noexcept { return finalizing_; }

  /// Logs out and disconnects; wakes waiting threads.
  void shut_down();
  /// In a forked child: drops what belongs to the parent without a word to pcscd.
  void abandon() noexcept;

 private:
  /// A reader and the way to it.
  struct Seen {
    apdu::Transport* transport;
    apdu::ReaderState state;
  };
  /// What C_WaitForSlotEvent has told about a slot.
  struct Told {
    std::uint64_t event_count = 0;
    bool present = false;
  };

  std::vector<Seen> look();
  static Told present_state(const std::vector<Seen>& seen, const std::string& reader);
  void add_slots(const std::vector<Seen>& seen, bool listed);

  Environment environment_;
  Transports transports_;
  std::atomic<bool> finalizing_{false};

  std::mutex mutex_;  // guards the tables below; never held across card I/O
  std::vector<std::shared_ptr<Slot>> slots_;
  std::map<CK_SESSION_HANDLE, std::shared_ptr<Session>> sessions_;
  std::map<std::string, Told> told_;
};

/// The initialised module. Throws Refusal(CKR_CRYPTOKI_NOT_INITIALIZED), also in a forked child.
[[nodiscard]] std::shared_ptr<Module> current_module();
/// Throws Refusal(CKR_CRYPTOKI_ALREADY_INITIALIZED).
void initialize_module();
/// Throws Refusal(CKR_CRYPTOKI_NOT_INITIALIZED).
void finalize_module();

/// For tests: what initialize_module() uses instead of PC/SC and sockets. Empty: the default.
void set_transport_factory(std::function<Module::Transports(const Config&)> factory);

}  // namespace kilt::p11
