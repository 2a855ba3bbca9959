#include "tests/virtual/device.h"

#include <fstream>
#include <stdexcept>

namespace kilt::vtoken {
namespace {

/// VERIFY, EXTERNAL AUTHENTICATE, CHANGE REFERENCE DATA with data, answered by 63xx.
bool spends_try(const Bytes& command, const Bytes& answer) {
  if (command.size() <= 5 || answer.size() < 2) return false;
  const bool compares = command[1] == 0x20 || command[1] == 0x82 || command[1] == 0x24;
  return compares && answer[answer.size() - 2] == 0x63;
}

}  // namespace

Device::Device(std::unique_ptr<Card> card, std::optional<std::filesystem::path> state)
    : card_(std::move(card)), state_(std::move(state)) {
  if (state_ && std::filesystem::exists(*state_)) {
    std::ifstream file(*state_);
    card_->load(nlohmann::json::parse(file));
  }
  card_->reset();
  save();
}

std::optional<Bytes> Device::transmit(const Bytes& command) {
  ++count_;
  if (const auto answer = faults_.before(command)) return answer;
  if (faults_.removes_now()) {
    remove();
    return std::nullopt;
  }
  try {
    Bytes answer = card_->transmit(command);
    if (spends_try(command, answer)) ++tries_spent_;
    save();
    return faults_.after(std::move(answer));
  } catch (const PowerLoss&) {
    save();
    remove();
    return std::nullopt;
  }
}

void Device::remove() {
  present_ = false;
  card_->reset();
}

void Device::insert() {
  present_ = true;
  card_->reset();
}

// A whole new file takes the old one's place, so that a killed program never leaves half a card.
void Device::save() {
  if (!state_) return;
  nlohmann::json now = card_->save();
  if (now == saved_) return;
  std::filesystem::path fresh = *state_;
  fresh += ".new";
  std::ofstream file(fresh, std::ios::trunc);
  file << now.dump(1) << '\n';
  file.close();
  if (!file) throw std::runtime_error("cannot write " + fresh.string());
  std::filesystem::rename(fresh, *state_);
  saved_ = std::move(now);
}

}  // namespace kilt::vtoken
