#include "tests/support/fake_pcsc.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>

#include <reader.h>

#include "apdu/atr.h"
#include "apdu/errors.h"

namespace kilt::test {
namespace {

struct Reader {
  std::string name;
  std::shared_ptr<apdu::CardEndpoint> card;
  unsigned events = 0;  ///< insertions and removals
  unsigned resets = 0;
  SCARDHANDLE owner = 0;  ///< of the transaction
  bool held_by_other = false;
  bool exclusive_by_other = false;
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
  std::vector<std::string> calls;
  std::optional<std::pair<unsigned long, LONG>> failure;
  std::optional<std::pair<unsigned long, std::function<void()>>> action;

  Reader* find(const std::string& name) {
    const auto found = std::ranges::find(readers, name, &Reader::name);
    return found == readers.end() ? nullptr : &*found;
  }
};

World& world() {
  static World instance;
  return instance;
}

using Lock = std::unique_lock<std::mutex>;

/// Counts the call; the code that it has to give instead of its work, if any.
LONG enter(const char* name) {
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

LONG check_context(SCARDCONTEXT context) {
  if (!world().service) return SCARD_E_NO_SERVICE;
  return world().contexts.contains(context) ? SCARD_S_SUCCESS : SCARD_E_INVALID_HANDLE;
}

/// The handle's reader, or why it cannot be used.
LONG check_handle(SCARDHANDLE card, Handle*& handle, Reader*& reader) {
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

DWORD event_state(const Reader& reader) {
  DWORD state = DWORD{reader.events & 0xFFFFU} << 16;
  if (!reader.card) return state | SCARD_STATE_EMPTY;
  state |= SCARD_STATE_PRESENT;
  if (reader.card->atr().empty()) state |= SCARD_STATE_MUTE;
  if (reader.exclusive_by_other) state |= SCARD_STATE_EXCLUSIVE | SCARD_STATE_INUSE;
  return state;
}

constexpr DWORD kCompared =
    0xFFFF0000U | SCARD_STATE_EMPTY | SCARD_STATE_PRESENT | SCARD_STATE_MUTE;

/// Fills in the states; true if something differs from what the caller knows.
bool look(SCARD_READERSTATE* states, DWORD count, std::size_t readers_before) {
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

/// The calling thread is in one of the functions below.
struct Inside {
  static thread_local int depth;
  Inside() noexcept { ++depth; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { --depth; }
};
thread_local int Inside::depth = 0;

class Waiting {
 public:
  Waiting() { ++world().waiting; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { --world().waiting; }
};

}  // namespace

bool inside_pcsc() noexcept { return Inside::depth != 0; }

void FakePcsc::restart_world() {
  const Lock lock(world().mutex);
  world().service = true;
  world().readers.clear();
  world().contexts.clear();
  world().handles.clear();
  world().calls.clear();
  world().failure.reset();
  world().action.reset();
  world().features.clear();
  world().control_answer.clear();
  world().changed.notify_all();
}

void FakePcsc::control_answers(Bytes features, Bytes other) {
  const Lock lock(world().mutex);
  world().features = std::move(features);
  world().control_answer = std::move(other);
}

void FakePcsc::stop_service() {
  const Lock lock(world().mutex);
  world().service = false;
  world().contexts.clear();
  world().handles.clear();
  for (Reader& reader : world().readers) reader.owner = 0;
  world().changed.notify_all();
}

void FakePcsc::start_service() {
  const Lock lock(world().mutex);
  world().service = true;
  world().changed.notify_all();
}

void FakePcsc::add_reader(const std::string& name) {
  const Lock lock(world().mutex);
  world().readers.push_back({name, nullptr, 0, 0, 0, false, false});
  world().changed.notify_all();
}

void FakePcsc::remove_reader(const std::string& name) {
  const Lock lock(world().mutex);
  std::erase_if(world().readers, [&](const Reader& reader) { return reader.name == name; });
  world().changed.notify_all();
}

void FakePcsc::insert(const std::string& name, std::shared_ptr<apdu::CardEndpoint> card) {
  const Lock lock(world().mutex);
  Reader* reader = world().find(name);
  reader->card = std::move(card);
  reader->owner = 0;
  ++reader->events;
  world().changed.notify_all();
}

void FakePcsc::reset_by_other(const std::string& name) {
  const Lock lock(world().mutex);
  Reader* reader = world().find(name);
  if (reader->card) reader->card->reset();
  reader->owner = 0;
  ++reader->resets;
}

void FakePcsc::hold_by_other(const std::string& name, bool held) {
  const Lock lock(world().mutex);
  world().find(name)->held_by_other = held;
  world().changed.notify_all();
}

void FakePcsc::exclusive_by_other(const std::string& name, bool exclusive) {
  const Lock lock(world().mutex);
  world().find(name)->exclusive_by_other = exclusive;
}

void FakePcsc::fail_call(unsigned long n, LONG code) {
  const Lock lock(world().mutex);
  world().failure = {n, code};
}

void FakePcsc::before_call(unsigned long n, std::function<void()> action) {
  const Lock lock(world().mutex);
  world().action = {world().calls.size() + n, std::move(action)};
}

unsigned long FakePcsc::calls() {
  const Lock lock(world().mutex);
  return world().calls.size();
}

void FakePcsc::count_from_now() {
  const Lock lock(world().mutex);
  world().calls.clear();
}

std::vector<std::string> FakePcsc::call_names() {
  const Lock lock(world().mutex);
  return world().calls;
}

std::size_t FakePcsc::open_contexts() {
  const Lock lock(world().mutex);
  return world().contexts.size();
}

std::size_t FakePcsc::open_handles() {
  const Lock lock(world().mutex);
  return world().handles.size();
}

bool FakePcsc::somebody_waits() {
  const Lock lock(world().mutex);
  return world().waiting != 0;
}

const std::vector<LONG>& all_pcsc_codes() {
  static const std::vector<LONG> codes{SCARD_F_INTERNAL_ERROR,
                                       SCARD_E_CANCELLED,
                                       SCARD_E_INVALID_HANDLE,
                                       SCARD_E_INVALID_PARAMETER,
                                       SCARD_E_INVALID_TARGET,
                                       SCARD_E_NO_MEMORY,
                                       SCARD_F_WAITED_TOO_LONG,
                                       SCARD_E_INSUFFICIENT_BUFFER,
                                       SCARD_E_UNKNOWN_READER,
                                       SCARD_E_TIMEOUT,
                                       SCARD_E_SHARING_VIOLATION,
                                       SCARD_E_NO_SMARTCARD,
                                       SCARD_E_UNKNOWN_CARD,
                                       SCARD_E_CANT_DISPOSE,
                                       SCARD_E_PROTO_MISMATCH,
                                       SCARD_E_NOT_READY,
                                       SCARD_E_INVALID_VALUE,
                                       SCARD_E_SYSTEM_CANCELLED,
                                       SCARD_F_COMM_ERROR,
                                       SCARD_F_UNKNOWN_ERROR,
                                       SCARD_E_INVALID_ATR,
                                       SCARD_E_NOT_TRANSACTED,
                                       SCARD_E_READER_UNAVAILABLE,
                                       SCARD_P_SHUTDOWN,
                                       SCARD_E_PCI_TOO_SMALL,
                                       SCARD_E_READER_UNSUPPORTED,
                                       SCARD_E_DUPLICATE_READER,
                                       SCARD_E_CARD_UNSUPPORTED,
                                       SCARD_E_NO_SERVICE,
                                       SCARD_E_SERVICE_STOPPED,
                                       SCARD_E_UNSUPPORTED_FEATURE,
                                       SCARD_E_NO_READERS_AVAILABLE,
                                       SCARD_W_UNSUPPORTED_CARD,
                                       SCARD_W_UNRESPONSIVE_CARD,
                                       SCARD_W_UNPOWERED_CARD,
                                       SCARD_W_RESET_CARD,
                                       SCARD_W_REMOVED_CARD,
                                       SCARD_W_SECURITY_VIOLATION,
                                       LONG{0x80107777}};
  return codes;
}

}  // namespace kilt::test

// The functions of winscard.h, as far as Kilt uses them.
using namespace kilt::test;  // NOLINT(google-build-using-namespace): the functions below are C's

extern "C" {

LONG SCardEstablishContext(DWORD, LPCVOID, LPCVOID, LPSCARDCONTEXT context) {
  const Inside inside;
  if (const LONG code = enter("SCardEstablishContext")) return code;
  const Lock lock(world().mutex);
  if (!world().service) return SCARD_E_NO_SERVICE;
  *context = world().next++;
  world().contexts[*context] = false;
  return SCARD_S_SUCCESS;
}

LONG SCardReleaseContext(SCARDCONTEXT context) {
  const Inside inside;
  if (const LONG code = enter("SCardReleaseContext")) return code;
  const Lock lock(world().mutex);
  if (world().contexts.erase(context) == 0) return SCARD_E_INVALID_HANDLE;
  for (auto it = world().handles.begin(); it != world().handles.end();) {
    if (it->second.context != context) {
      ++it;
      continue;
    }
    for (Reader& reader : world().readers)
      if (reader.owner == it->first) reader.owner = 0;
    it = world().handles.erase(it);
  }
  world().changed.notify_all();
  return SCARD_S_SUCCESS;
}

LONG SCardIsValidContext(SCARDCONTEXT context) {
  const Inside inside;
  const Lock lock(world().mutex);
  return check_context(context);
}

LONG SCardListReaders(SCARDCONTEXT context, LPCSTR, LPSTR names, LPDWORD size) {
  const Inside inside;
  if (const LONG code = enter("SCardListReaders")) return code;
  const Lock lock(world().mutex);
  if (const LONG code = check_context(context)) return code;
  if (world().readers.empty()) return SCARD_E_NO_READERS_AVAILABLE;
  std::string list;
  for (const auto& reader : world().readers) list += reader.name + '\0';
  list += '\0';
  const DWORD room = *size;
  *size = list.size();
  if (names == nullptr) return SCARD_S_SUCCESS;
  if (room < list.size()) return SCARD_E_INSUFFICIENT_BUFFER;
  std::ranges::copy(list, names);
  return SCARD_S_SUCCESS;
}

LONG SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE* states,
                          DWORD count) {
  const Inside inside;
  if (const LONG code = enter("SCardGetStatusChange")) return code;
  Lock lock(world().mutex);
  if (const LONG code = check_context(context)) return code;
  for (DWORD i = 0; i < count; ++i)
    if (std::strcmp(states[i].szReader, "\\\\?PnP?\\Notification") != 0 &&
        world().find(states[i].szReader) == nullptr)
      return SCARD_E_UNKNOWN_READER;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout);
  const std::size_t readers_before = world().readers.size();
  const Waiting waiting;
  while (true) {
    if (look(states, count, readers_before)) return SCARD_S_SUCCESS;
    if (const LONG code = check_context(context)) return code;
    if (std::exchange(world().contexts[context], false)) return SCARD_E_CANCELLED;
    if (world().changed.wait_until(lock, deadline) == std::cv_status::timeout)
      return look(states, count, readers_before) ? SCARD_S_SUCCESS : SCARD_E_TIMEOUT;
  }
}

LONG SCardCancel(SCARDCONTEXT context) {
  const Inside inside;
  if (const LONG code = enter("SCardCancel")) return code;
  const Lock lock(world().mutex);
  if (const LONG code = check_context(context)) return code;
  world().contexts[context] = true;
  world().changed.notify_all();
  return SCARD_S_SUCCESS;
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR name, DWORD, DWORD, LPSCARDHANDLE card,
                  LPDWORD protocol) {
  const Inside inside;
  if (const LONG code = enter("SCardConnect")) return code;
  const Lock lock(world().mutex);
  if (const LONG code = check_context(context)) return code;
  const Reader* reader = world().find(name);
  if (reader == nullptr) return SCARD_E_UNKNOWN_READER;
  if (reader->exclusive_by_other) return SCARD_E_SHARING_VIOLATION;
  if (!reader->card) return SCARD_E_NO_SMARTCARD;
  const kilt::Bytes atr = reader->card->atr();
  if (atr.empty()) return SCARD_W_UNPOWERED_CARD;
  const auto parsed = kilt::apdu::Atr::parse(atr);
  *protocol = parsed && parsed->protocol == 0 ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
  *card = world().next++;
  world().handles[*card] = {context, name, reader->events, reader->resets, *protocol};
  return SCARD_S_SUCCESS;
}

LONG SCardReconnect(SCARDHANDLE card, DWORD, DWORD, DWORD initialization, LPDWORD protocol) {
  const Inside inside;
  if (const LONG code = enter("SCardReconnect")) return code;
  const Lock lock(world().mutex);
  Handle* handle = nullptr;
  Reader* reader = nullptr;
  const LONG code = check_handle(card, handle, reader);
  if (code != SCARD_S_SUCCESS && code != SCARD_W_RESET_CARD) return code;
  if (initialization != SCARD_LEAVE_CARD) {
    reader->card->reset();
    ++reader->resets;
  }
  handle->resets = reader->resets;
  *protocol = handle->protocol;
  return SCARD_S_SUCCESS;
}

LONG SCardDisconnect(SCARDHANDLE card, DWORD disposition) {
  const Inside inside;
  if (const LONG code = enter("SCardDisconnect")) return code;
  const Lock lock(world().mutex);
  Handle* handle = nullptr;
  Reader* reader = nullptr;
  const LONG code = check_handle(card, handle, reader);
  if (handle == nullptr) return code;
  if (reader != nullptr && reader->owner == card) reader->owner = 0;
  if (code == SCARD_S_SUCCESS && disposition != SCARD_LEAVE_CARD) {
    reader->card->reset();
    ++reader->resets;
  }
  world().handles.erase(card);
  world().changed.notify_all();
  return SCARD_S_SUCCESS;
}

LONG SCardBeginTransaction(SCARDHANDLE card) {
  const Inside inside;
  if (const LONG code = enter("SCardBeginTransaction")) return code;
  Lock lock(world().mutex);
  const Waiting waiting;
  while (true) {
    Handle* handle = nullptr;
    Reader* reader = nullptr;
    if (const LONG code = check_handle(card, handle, reader)) return code;
    const bool free = !reader->held_by_other && (reader->owner == 0 || reader->owner == card);
    if (free) {
      reader->owner = card;
      return SCARD_S_SUCCESS;
    }
    world().changed.wait(lock);
  }
}

LONG SCardEndTransaction(SCARDHANDLE card, DWORD) {
  const Inside inside;
  if (const LONG code = enter("SCardEndTransaction")) return code;
  const Lock lock(world().mutex);
  Handle* handle = nullptr;
  Reader* reader = nullptr;
  if (const LONG code = check_handle(card, handle, reader)) return code;
  if (reader->held_by_other || (reader->owner != 0 && reader->owner != card))
    return SCARD_E_SHARING_VIOLATION;
  if (reader->owner == 0) return SCARD_E_NOT_TRANSACTED;
  reader->owner = 0;
  world().changed.notify_all();
  return SCARD_S_SUCCESS;
}

LONG SCardStatus(SCARDHANDLE card, LPSTR, LPDWORD name_size, LPDWORD state, LPDWORD protocol,
                 LPBYTE atr, LPDWORD atr_size) {
  const Inside inside;
  if (const LONG code = enter("SCardStatus")) return code;
  const Lock lock(world().mutex);
  Handle* handle = nullptr;
  Reader* reader = nullptr;
  if (const LONG code = check_handle(card, handle, reader)) return code;
  const kilt::Bytes bytes = reader->card->atr();
  const DWORD room = *atr_size;
  *name_size = reader->name.size() + 1;
  *state = SCARD_PRESENT | SCARD_POWERED | SCARD_SPECIFIC;
  *protocol = handle->protocol;
  *atr_size = bytes.size();
  if (bytes.size() > room) return SCARD_E_INSUFFICIENT_BUFFER;
  std::ranges::copy(bytes, atr);
  return SCARD_S_SUCCESS;
}

LONG SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST*, LPCBYTE command, DWORD command_size,
                   SCARD_IO_REQUEST*, LPBYTE answer, LPDWORD answer_size) {
  const Inside inside;
  if (const LONG code = enter("SCardTransmit")) return code;
  std::shared_ptr<kilt::apdu::CardEndpoint> endpoint;
  {
    const Lock lock(world().mutex);
    Handle* handle = nullptr;
    Reader* reader = nullptr;
    if (const LONG code = check_handle(card, handle, reader)) return code;
    endpoint = reader->card;
  }
  kilt::Bytes bytes;
  try {
    bytes = endpoint->transmit({command, command_size});
  } catch (const kilt::Error&) {
    return SCARD_E_NOT_TRANSACTED;
  }
  if (bytes.size() > *answer_size) return SCARD_E_INSUFFICIENT_BUFFER;
  *answer_size = bytes.size();
  std::ranges::copy(bytes, answer);
  return SCARD_S_SUCCESS;
}

LONG SCardControl(SCARDHANDLE card, DWORD control, LPCVOID, DWORD, LPVOID answer, DWORD room,
                  LPDWORD size) {
  const Inside inside;
  if (const LONG code = enter("SCardControl")) return code;
  const Lock lock(world().mutex);
  Handle* handle = nullptr;
  Reader* reader = nullptr;
  if (const LONG code = check_handle(card, handle, reader)) return code;
  const kilt::Bytes& bytes =
      control == CM_IOCTL_GET_FEATURE_REQUEST ? world().features : world().control_answer;
  if (bytes.empty()) return SCARD_E_UNSUPPORTED_FEATURE;
  if (bytes.size() > room) return SCARD_E_INSUFFICIENT_BUFFER;
  *size = bytes.size();
  std::ranges::copy(bytes, static_cast<kilt::Byte*>(answer));
  return SCARD_S_SUCCESS;
}

}  // extern "C"
