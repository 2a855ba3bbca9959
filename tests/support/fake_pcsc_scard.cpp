// The functions of winscard.h, as far as Kilt uses them.
#include <reader.h>

#include "apdu/atr.h"
#include "tests/support/fake_pcsc_world.h"

using namespace kilt;              // NOLINT(google-build-using-namespace)
using namespace kilt::test::pcsc;  // NOLINT(google-build-using-namespace): the functions below are
                                   // C's

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
  const Wire wire(card);
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
  const Wire wire(card);
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
  const Wire wire(card);
  std::shared_ptr<test::CardEndpoint> endpoint;
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

static LONG use_pad(SCARDHANDLE card, bool modify, kilt::BytesView structure, LPVOID answer,
                    DWORD room, LPDWORD size) {
  const Wire wire(card);
  std::shared_ptr<test::CardEndpoint> endpoint;
  PadResult result;
  {
    const Lock lock(world().mutex);
    Handle* handle = nullptr;
    Reader* reader = nullptr;
    if (const LONG code = check_handle(card, handle, reader)) return code;
    endpoint = reader->card;
    result = enter_at_pad(modify, structure);
  }
  kilt::Bytes bytes = kilt::write_be(result.status, 2);
  if (!result.command.empty()) {
    try {
      bytes = endpoint->transmit(result.command);
    } catch (const kilt::Error&) {
      return SCARD_E_NOT_TRANSACTED;
    }
  }
  if (bytes.size() > room) return SCARD_E_INSUFFICIENT_BUFFER;
  *size = bytes.size();
  std::ranges::copy(bytes, static_cast<kilt::Byte*>(answer));
  return SCARD_S_SUCCESS;
}

LONG SCardControl(SCARDHANDLE card, DWORD control, LPCVOID input, DWORD input_size, LPVOID answer,
                  DWORD room, LPDWORD size) {
  const Inside inside;
  if (const LONG code = enter("SCardControl")) return code;
  if (control == kPadVerify || control == kPadModify) {
    const kilt::BytesView structure(static_cast<const kilt::Byte*>(input), input_size);
    return use_pad(card, control == kPadModify, structure, answer, room, size);
  }
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
