#include "tests/support/fake_pcsc.h"

#include "tests/support/fake_pcsc_world.h"

namespace kilt::test {

using namespace pcsc;  // NOLINT(google-build-using-namespace): its other half

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
  world().typed.clear();
  world().cancel_pressed = false;
  world().pad_requests = 0;
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
  Reader reader;
  reader.name = name;
  world().readers.push_back(std::move(reader));
  world().changed.notify_all();
}

void FakePcsc::remove_reader(const std::string& name) {
  const Lock lock(world().mutex);
  std::erase_if(world().readers, [&](const Reader& reader) { return reader.name == name; });
  world().changed.notify_all();
}

void FakePcsc::insert(const std::string& name, std::shared_ptr<CardEndpoint> card) {
  const Lock lock(world().mutex);
  Reader* reader = world().find(name);
  reader->card = std::move(card);
  reader->owner = 0;
  ++reader->events;
  world().changed.notify_all();
}

void FakePcsc::reset_by_other(const std::string& name) {
  const Wire wire(name);
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
