#include "tests/support/memory_transport.h"

#include <algorithm>

#include "apdu/atr.h"
#include "apdu/errors.h"

namespace kilt::test {

/// One reader. `card` changes under the mutex; `insertion` and `resets` tell a connection what
/// happened to the card it was made for.
struct MemoryTransport::Slot {
  std::string name;
  std::mutex mutex;
  std::recursive_mutex transaction;
  std::shared_ptr<CardEndpoint> card;
  std::uint64_t insertion = 0;
  std::uint64_t resets = 0;
};

namespace {

class MemoryConnection : public apdu::Connection {
 public:
  explicit MemoryConnection(std::shared_ptr<MemoryTransport::Slot> slot) : slot_(std::move(slot)) {
    const std::lock_guard lock(slot_->mutex);
    if (!slot_->card) throw CardRemoved();
    insertion_ = slot_->insertion;
    resets_ = slot_->resets;
    atr_ = slot_->card->atr();
    if (atr_.empty()) throw CardMute();
    if (const auto parsed = apdu::Atr::parse(atr_)) protocol_ = parsed->protocol;
  }
  ~MemoryConnection() override {
    if (held_) MemoryConnection::end();
  }

  void begin() override {
    slot_->transaction.lock();
    try {
      check();
    } catch (...) {
      slot_->transaction.unlock();
      throw;
    }
    held_ = true;
  }
  void end() noexcept override {
    if (!held_) return;
    held_ = false;
    slot_->transaction.unlock();
  }
  Bytes transmit(BytesView command) override { return check()->transmit(command); }
  void reset() override {
    const auto card = check();
    card->reset();
    const std::lock_guard lock(slot_->mutex);
    resets_ = ++slot_->resets;
  }
  [[nodiscard]] const Bytes& atr() const noexcept override { return atr_; }
  [[nodiscard]] unsigned protocol() const noexcept override { return protocol_; }
  [[nodiscard]] bool extended_length() const noexcept override { return true; }
  void abandon() noexcept override { held_ = false; }

 private:
  std::shared_ptr<CardEndpoint> check() {
    const std::lock_guard lock(slot_->mutex);
    if (!slot_->card || slot_->insertion != insertion_) throw CardRemoved();
    if (slot_->resets != resets_) {
      resets_ = slot_->resets;
      throw CardReset();
    }
    return slot_->card;
  }

  std::shared_ptr<MemoryTransport::Slot> slot_;
  std::uint64_t insertion_ = 0;
  std::uint64_t resets_ = 0;
  unsigned protocol_ = 1;
  bool held_ = false;
  Bytes atr_;
};

}  // namespace

MemoryTransport::MemoryTransport() = default;
MemoryTransport::~MemoryTransport() = default;

void MemoryTransport::add_reader(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    auto slot = std::make_shared<Slot>();
    slot->name = name;
    slots_.push_back(std::move(slot));
  }
  changed_.notify_all();
}

void MemoryTransport::remove_reader(const std::string& name) {
  remove_card(name);
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(slots_, [&](const auto& slot) { return slot->name == name; });
  }
  changed_.notify_all();
}

void MemoryTransport::insert(const std::string& reader, std::shared_ptr<CardEndpoint> card) {
  const auto slot = find(reader);
  {
    const std::lock_guard lock(slot->mutex);
    slot->card = std::move(card);
    ++slot->insertion;
  }
  changed_.notify_all();
}

void MemoryTransport::remove_card(const std::string& reader) { insert(reader, nullptr); }

void MemoryTransport::reset_by_other(const std::string& reader) {
  const auto slot = find(reader);
  const std::lock_guard lock(slot->mutex);
  if (slot->card) slot->card->reset();
  ++slot->resets;
}

std::shared_ptr<MemoryTransport::Slot> MemoryTransport::find(const std::string& reader) {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::ranges::find_if(slots_, [&](const auto& slot) { return slot->name == reader; });
  if (found == slots_.end()) throw ReaderUnavailable("no such reader");
  return *found;
}

std::vector<apdu::ReaderState> MemoryTransport::snapshot() {
  std::vector<apdu::ReaderState> states;
  for (const auto& slot : slots_) {
    const std::lock_guard lock(slot->mutex);
    apdu::ReaderState state;
    state.name = slot->name;
    state.card_present = slot->card != nullptr;
    if (slot->card) state.atr = slot->card->atr();
    state.mute = state.card_present && state.atr.empty();
    state.event_count = slot->insertion;
    states.push_back(std::move(state));
  }
  return states;
}

std::vector<apdu::ReaderState> MemoryTransport::readers() {
  const std::lock_guard lock(mutex_);
  return snapshot();
}

std::unique_ptr<apdu::Connection> MemoryTransport::connect(const std::string& reader) {
  return std::make_unique<MemoryConnection>(find(reader));
}

void MemoryTransport::wait_for_change(const std::vector<apdu::ReaderState>& known,
                                      std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return cancelled_ || snapshot() != known; });
  cancelled_ = false;
}

void MemoryTransport::cancel() noexcept {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  changed_.notify_all();
}

}  // namespace kilt::test
