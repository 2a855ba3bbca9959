#include "pkcs11/module.h"

#include <algorithm>
#include <thread>

#include "pkcs11/log.h"

namespace kilt::p11 {
namespace {

using namespace std::chrono_literals;

// A wait is cut into pieces so that a finalised module is noticed even if a wake-up got lost.
constexpr auto kWaitSlice = 1s;

}  // namespace

Module::Module(Config config, Transports transports) : transports_(std::move(transports)) {
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
}

std::vector<Module::Seen> Module::look() {
  std::vector<Seen> seen;
  for (const auto& transport : transports_)
    for (auto& state : transport->readers()) seen.push_back({transport.get(), std::move(state)});
  return seen;
}

Module::Told Module::present_state(const std::vector<Seen>& seen, const std::string& reader) {
  for (const Seen& entry : seen)
    if (entry.state.name == reader) return {entry.state.event_count, entry.state.card_present};
  return {};
}

std::vector<std::shared_ptr<Slot>> Module::refresh_slots() {
  const std::vector<Seen> seen = look();
  add_slots(seen, true);
  std::vector<std::shared_ptr<Slot>> slots;
  {
    const std::lock_guard lock(mutex_);
    slots = slots_;
  }
  for (const auto& slot : slots) {
    // A slot that is busy with its card will notice a removal by itself.
    const std::unique_lock lock(slot->mutex(), std::try_to_lock);
    if (!lock) continue;
    const auto entry = std::ranges::find_if(
        seen, [&](const Seen& one) { return one.state.name == slot->reader(); });
    apdu::ReaderState gone;
    gone.name = slot->reader();
    slot->observe(entry == seen.end() ? gone : entry->state);
  }
  return slots;
}

void Module::add_slots(const std::vector<Seen>& seen, bool listed) {
  const std::lock_guard lock(mutex_);
  for (const Seen& entry : seen) {
    const auto same_reader = [&](const auto& slot) { return slot->reader() == entry.state.name; };
    if (std::ranges::any_of(slots_, same_reader)) continue;
    slots_.push_back(
        std::make_shared<Slot>(slots_.size(), entry.state.name, *entry.transport, environment_));
    slots_.back()->observe(entry.state);  // nobody else has it yet
    // Who lists the slots sees their state; only later changes are events.
    if (listed) told_[entry.state.name] = present_state(seen, entry.state.name);
  }
}

std::shared_ptr<Slot> Module::slot(CK_SLOT_ID id) {
  const std::lock_guard lock(mutex_);
  refuse_if(id >= slots_.size(), CKR_SLOT_ID_INVALID);
  return slots_[id];
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
  const std::vector<Seen> seen = look();
  add_slots(seen, false);
  const std::lock_guard lock(mutex_);
  for (const auto& slot : slots_) {
    const Told now = present_state(seen, slot->reader());
    Told& told = told_[slot->reader()];
    const bool changed =
        told.present != now.present || (now.present && told.event_count != now.event_count);
    told = now;
    if (changed) return slot->id();
  }
  return std::nullopt;
}

void Module::wait_for_change() {
  // One transport has something to wait on (PC/SC or sockets); with two, each gets short turns.
  const auto slice = transports_.size() > 1 ? std::chrono::milliseconds(200) : kWaitSlice;
  for (const auto& transport : transports_)
    if (!finalizing_) transport->wait_for_change(transport->readers(), slice);
  if (transports_.empty()) std::this_thread::sleep_for(10ms);
}

void Module::shut_down() {
  finalizing_ = true;
  for (const auto& transport : transports_) transport->cancel();
  std::vector<std::shared_ptr<Slot>> slots;
  {
    const std::lock_guard lock(mutex_);
    slots = slots_;
    sessions_.clear();
  }
  for (const auto& slot : slots) {
    const std::lock_guard lock(slot->mutex());
    try {
      if (slot->login()) slot->log_out();
    } catch (const Error& error) {
      log_line(std::string("logout at the end failed: ") + error.what());
    }
    slot->disconnect();
  }
}

void Module::abandon() noexcept {
  for (const auto& slot : slots_) slot->abandon();
  for (const auto& transport : transports_) transport->abandon();
}

}  // namespace kilt::p11
