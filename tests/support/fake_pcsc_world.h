// What the fake PC/SC service knows: readers, cards, contexts, connections, faults. For
// fake_pcsc*.cpp only.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>

#include "apdu/errors.h"
#include "tests/support/fake_pcsc.h"

namespace kilt::test::pcsc {

struct Reader {
  std::string name;
  std::shared_ptr<CardEndpoint> card;
  unsigned events = 0;  ///< insertions and removals
  unsigned resets = 0;
  SCARDHANDLE owner = 0;  ///< of the transaction
  bool held_by_other = false;
  bool exclusive_by_other = false;
  /// Held while the card works: a command and a reset come one after the other, as on a wire.
  /// Taken before the world's mutex. Recursive: a card of a test may act on its own reader.
  std::shared_ptr<std::recursive_mutex> wire = std::make_shared<std::recursive_mutex>();
};

struct Handle {
  SCARDCONTEXT context = 0;
  std::string reader;
  unsigned events = 0;  ///< the reader's when connected
  unsigned resets = 0;
  DWORD protocol = 0;
};

struct World {
  std::mutex mutex;
  std::condition_variable changed;
  bool service = true;
  std::vector<Reader> readers;
  std::map<SCARDCONTEXT, bool> contexts;  ///< -> its wait is cancelled
  std::map<SCARDHANDLE, Handle> handles;
  LONG next = 1000;
  unsigned waiting = 0;
  Bytes features, control_answer;
  std::vector<std::string> typed;  ///< at the next request for a PIN
  bool cancel_pressed = false;
  unsigned pad_requests = 0;
  std::vector<std::string> calls;
  std::optional<std::pair<unsigned long, LONG>> failure;
  std::optional<std::pair<unsigned long, std::function<void()>>> action;

  Reader* find(const std::string& name) {
    const auto found = std::ranges::find(readers, name, &Reader::name);
    return found == readers.end() ? nullptr : &*found;
  }
};

inline World& world() {
  static World instance;
  return instance;
}

using Lock = std::unique_lock<std::mutex>;

/// Counts the call; the code that it has to give instead of its work, if any.
inline LONG enter(const char* name) {
  std::function<void()> action;
  {
    const Lock lock(world().mutex);
    world().calls.emplace_back(name);
    const auto number = world().calls.size();
    if (world().action && world().action->first == number) {
      action = std::move(world().action->second);
      world().action.reset();
    }
  }
  if (action) action();
  const Lock lock(world().mutex);
  auto& failure = world().failure;
  if (failure && --failure->first == 0) {
    const LONG code = failure->second;
    failure.reset();
    return code;
  }
  return SCARD_S_SUCCESS;
}

inline LONG check_context(SCARDCONTEXT context) {
  if (!world().service) return SCARD_E_NO_SERVICE;
  return world().contexts.contains(context) ? SCARD_S_SUCCESS : SCARD_E_INVALID_HANDLE;
}

/// Control codes of readers with keys (any number that is the reader's own).
inline constexpr DWORD kPadVerify = 0x42330006, kPadModify = 0x42330007;

/// What the reader makes of PIN_VERIFY or PIN_MODIFY and of what was typed: a command for the card,
/// or its own status word. The world's mutex is held.
struct PadResult {
  Bytes command;
  std::uint16_t status = 0;
};
PadResult enter_at_pad(bool modify, BytesView structure);

/// The handle's reader, or why it cannot be used.
inline LONG check_handle(SCARDHANDLE card, Handle*& handle, Reader*& reader) {
  const auto found = world().handles.find(card);
  if (found == world().handles.end()) return SCARD_E_INVALID_HANDLE;
  if (!world().service) return SCARD_E_NO_SERVICE;
  handle = &found->second;
  reader = world().find(handle->reader);
  if (reader == nullptr) return SCARD_E_READER_UNAVAILABLE;
  if (reader->events != handle->events) return SCARD_W_REMOVED_CARD;
  if (reader->resets != handle->resets) return SCARD_W_RESET_CARD;
  return SCARD_S_SUCCESS;
}

/// Keeps the wire of a reader, also when the reader goes meanwhile.
class Wire {
 public:
  explicit Wire(std::shared_ptr<std::recursive_mutex> mutex) : mutex_(std::move(mutex)) {
    if (mutex_) lock_ = std::unique_lock(*mutex_);
  }
  explicit Wire(const std::string& reader) : Wire(find(reader)) {}
  explicit Wire(SCARDHANDLE card) : Wire(find(card)) {}

 private:
  static std::shared_ptr<std::recursive_mutex> find(const std::string& name) {
    const Lock lock(world().mutex);
    const Reader* reader = world().find(name);
    return reader == nullptr ? nullptr : reader->wire;
  }
  static std::shared_ptr<std::recursive_mutex> find(SCARDHANDLE card) {
    const Lock lock(world().mutex);
    const auto handle = world().handles.find(card);
    if (handle == world().handles.end()) return nullptr;
    const Reader* reader = world().find(handle->second.reader);
    return reader == nullptr ? nullptr : reader->wire;
  }
  std::shared_ptr<std::recursive_mutex> mutex_;
  std::unique_lock<std::recursive_mutex> lock_;
};

inline DWORD event_state(const Reader& reader) {
  DWORD state = DWORD{reader.events & 0xFFFFU} << 16;
  if (!reader.card) return state | SCARD_STATE_EMPTY;
  state |= SCARD_STATE_PRESENT;
  if (reader.card->atr().empty()) state |= SCARD_STATE_MUTE;
  if (reader.exclusive_by_other) state |= SCARD_STATE_EXCLUSIVE | SCARD_STATE_INUSE;
  return state;
}

inline constexpr DWORD kCompared =
    0xFFFF0000U | SCARD_STATE_EMPTY | SCARD_STATE_PRESENT | SCARD_STATE_MUTE;

/// Fills in the states; true if something differs from what the caller knows.
inline bool look(SCARD_READERSTATE* states, DWORD count, std::size_t readers_before) {
  bool differs = false;
  for (SCARD_READERSTATE* one = states; one != states + count; ++one) {
    if (std::strcmp(one->szReader, "\\\\?PnP?\\Notification") == 0) {
      one->dwEventState = DWORD{world().readers.size()} << 16;
      if (world().readers.size() != readers_before) {
        one->dwEventState |= SCARD_STATE_CHANGED;
        differs = true;
      }
      continue;
    }
    const Reader* reader = world().find(one->szReader);
    if (reader == nullptr) {
      one->dwEventState = SCARD_STATE_UNKNOWN | SCARD_STATE_CHANGED | SCARD_STATE_IGNORE;
      differs = true;
      continue;
    }
    one->dwEventState = event_state(*reader);
    const Bytes atr = reader->card ? reader->card->atr() : Bytes{};
    one->cbAtr = std::min<DWORD>(atr.size(), sizeof one->rgbAtr);
    std::copy_n(atr.begin(), one->cbAtr, one->rgbAtr);
    if (one->dwCurrentState == SCARD_STATE_UNAWARE ||
        (one->dwCurrentState & kCompared) != (one->dwEventState & kCompared)) {
      one->dwEventState |= SCARD_STATE_CHANGED;
      differs = true;
    }
  }
  return differs;
}

/// The calling thread is in one of the SCard functions.
struct Inside {
  static inline thread_local int depth = 0;
  Inside() noexcept { ++depth; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { --depth; }
};
class Waiting {
 public:
  Waiting() { ++world().waiting; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { --world().waiting; }
};

}  // namespace kilt::test::pcsc
