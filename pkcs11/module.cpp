#include "pkcs11/module.h"

#include <algorithm>
#include <ranges>
#include <thread>

#include "pkcs11/known_readers.h"
#include "pkcs11/log.h"

namespace kilt::p11 {
namespace {

using namespace std::chrono_literals;

// A wait is cut into pieces so that a finalised module is noticed even if a wake-up got lost.
constexpr auto kWaitSlice = 1s;

}  // namespace

Module::Module(Config config, Transports transports) {
  environment_.config = std::move(config);
  environment_.profiles = ProfileSet::builtin();
  for (const auto& folder : environment_.config.profile_folders)
    environment_.profiles.add_folder(folder, [](const ProfileError& error) {
      log_line(std::string("profile: ") + error.what());
    });
  HostSettings host;
  host.certificates = environment_.config.certificates;
  host.accepted = environment_.config.unverified_profiles;
  host.log = [](const std::string& line) { log_line(line); };
  environment_.profiles.set_host(std::move(host));
  sources_ = make_token_sources(environment_.config, environment_.profiles, std::move(transports));
}

std::vector<Module::Reader> Module::read_readers() {
  std::vector<Reader> readers;
  for (const auto& source : sources_)
    for (auto& state : source->readers()) readers.push_back({source.get(), std::move(state)});
  return readers;
}

Module::ReportedState Module::state_of(const std::vector<Reader>& readers,
                                       const std::string& name) {
  for (const Reader& reader : readers)
    if (reader.state.name == name) return {reader.state.event_count, reader.state.card_present};
  return {};
}

std::vector<std::shared_ptr<Slot>> Module::all_slots() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Slot>> slots;
  std::ranges::copy(std::views::values(slots_), std::back_inserter(slots));
  return slots;
}

std::vector<std::shared_ptr<Slot>> Module::refresh_slots() {
  const std::vector<Reader> readers = read_readers();
  add_slots(readers, true);
  const auto slots = all_slots();
  for (const auto& slot : slots) {
    // A slot that is busy with its card will notice a removal by itself.
    const std::unique_lock lock(slot->mutex(), std::try_to_lock);
    if (!lock) continue;
    const auto entry = std::ranges::find_if(
        readers, [&](const Reader& reader) { return reader.state.name == slot->reader(); });
    apdu::ReaderState gone;
    gone.name = slot->reader();
    slot->observe(entry == readers.end() ? gone : entry->state);
  }
  return slots;
}

void Module::add_slots(const std::vector<Reader>& readers, bool listed) {
  const std::lock_guard lock(mutex_);
  for (const Reader& reader : readers) {
    const CK_SLOT_ID id = slot_id_of(reader.state.name);
    if (slots_.contains(id)) continue;
    const auto slot = std::make_shared<Slot>(id, reader.state.name, *reader.source, environment_);
    slot->observe(reader.state);  // no other thread has it yet
    slots_.emplace(id, slot);
    // Who lists the slots sees their state, and what was there at the start did not come since:
    // only later changes are events.
    if (listed || !slots_seen_) reported_[id] = state_of(readers, reader.state.name);
  }
  slots_seen_ = true;
}

std::shared_ptr<Slot> Module::known_slot(CK_SLOT_ID id) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(id);
  return found == slots_.end() ? nullptr : found->second;
}

std::shared_ptr<Slot> Module::slot(CK_SLOT_ID id) {
  auto slot = known_slot(id);
  if (!slot) {
    add_slots(read_readers(), false);
    slot = known_slot(id);
  }
  refuse_if(!slot, CKR_SLOT_ID_INVALID);
  return slot;
}

std::shared_ptr<Session> Module::open_session(const std::shared_ptr<Slot>& slot, bool read_write) {
  auto session = std::make_shared<Session>(environment_.next_handle++, slot, read_write);
  {
    const std::lock_guard lock(mutex_);
    sessions_.emplace(session->handle(), session);
  }
  slot->session_opened(read_write);
  return session;
}

std::shared_ptr<Session> Module::session(CK_SESSION_HANDLE handle) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(handle);
  refuse_if(found == sessions_.end(), CKR_SESSION_HANDLE_INVALID);
  return found->second;
}

void Module::forget_session(CK_SESSION_HANDLE handle) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(handle);
}

std::vector<std::shared_ptr<Session>> Module::sessions_of(const Slot& slot) {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Session>> found;
  for (const auto& [handle, session] : sessions_)
    if (session->slot_ptr().get() == &slot) found.push_back(session);
  return found;
}

std::optional<CK_SLOT_ID> Module::take_event() {
  const std::vector<Reader> readers = read_readers();
  add_slots(readers, false);
  const std::lock_guard lock(mutex_);
  for (const auto& [id, slot] : slots_) {
    const ReportedState now = state_of(readers, slot->reader());
    ReportedState& reported = reported_[id];
    const bool changed =
        reported.present != now.present || (now.present && reported.event_count != now.event_count);
    reported = now;
    if (changed) return id;
  }
  return std::nullopt;
}

void Module::wait_for_change() {
  // One source has something to wait on (PC/SC or sockets); with two, each gets short turns.
  const auto slice = sources_.size() > 1 ? std::chrono::milliseconds(200) : kWaitSlice;
  for (const auto& source : sources_)
    if (!finalizing_) source->wait_for_change(source->readers(), slice);
  if (sources_.empty()) std::this_thread::sleep_for(10ms);
}

void Module::shut_down() {
  finalizing_ = true;
  for (const auto& source : sources_) source->cancel();
  {
    const std::lock_guard lock(mutex_);
    sessions_.clear();
  }
  for (const auto& slot : all_slots()) {
    const std::lock_guard lock(slot->mutex());
    try {
      if (slot->pins().open()) slot->log_out();
    } catch (const Error& error) {
      log_line(std::string("logout at the end failed: ") + error.what());
    }
    slot->disconnect();
  }
}

void Module::abandon() noexcept {
  for (const auto& [id, slot] : slots_) slot->abandon();
  for (const auto& source : sources_) source->abandon();
}

}  // namespace kilt::p11
