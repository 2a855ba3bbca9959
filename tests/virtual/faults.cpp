#include "tests/virtual/faults.h"

#include <chrono>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace kilt::vtoken {
namespace {

bool strikes(unsigned long& countdown) { return countdown != 0 && --countdown == 0; }

}  // namespace

const char* Faults::help() {
  return "slow:MS (every answer), sw:INS:XXXX[:N] (status word for the N-th, or every, command "
         "with this instruction), short:N (the N-th answer loses all but one byte), garbage:N (the "
         "N-th answer is 258 bytes FF), drop:N (pulled out at the N-th command), none";
}

void Faults::clear() { *this = Faults(); }

void Faults::add(const std::string& spec) {
  std::vector<std::string> parts;
  std::istringstream stream(spec);
  for (std::string part; std::getline(stream, part, ':');) parts.push_back(part);
  const auto bad = [&] { return std::invalid_argument("fault '" + spec + "': one of " + help()); };
  try {
    if (parts.size() == 1 && parts[0] == "none") return clear();
    if (parts.size() >= 3 && parts[0] == "sw") {
      status_.push_back({static_cast<unsigned>(std::stoul(parts[1], nullptr, 16)),
                         static_cast<unsigned>(std::stoul(parts[2], nullptr, 16)),
                         parts.size() > 3 ? std::stoul(parts[3]) : 0, false});
      return;
    }
    if (parts.size() != 2) throw bad();
    const unsigned long number = std::stoul(parts[1]);
    if (parts[0] == "slow")
      delay_ms_ = number;
    else if (parts[0] == "short")
      short_at_ = number;
    else if (parts[0] == "garbage")
      garbage_at_ = number;
    else if (parts[0] == "drop")
      drop_at_ = number;
    else
      throw bad();
  } catch (const std::logic_error&) {
    throw bad();
  }
}

std::optional<Bytes> Faults::before(const Bytes& command) {
  if (delay_ms_ != 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms_));
  short_now_ = strikes(short_at_);
  garbage_now_ = strikes(garbage_at_);
  removes_now_ = strikes(drop_at_);
  if (command.size() < 2) return std::nullopt;
  for (StatusFault& fault : status_) {
    if (fault.ins != command[1] || fault.spent) continue;
    if (fault.countdown != 0) {
      if (--fault.countdown != 0) continue;
      fault.spent = true;
    }
    return Bytes{static_cast<std::uint8_t>(fault.sw >> 8), static_cast<std::uint8_t>(fault.sw)};
  }
  return std::nullopt;
}

Bytes Faults::after(Bytes answer) {
  if (short_now_) answer.resize(1);
  if (garbage_now_) answer.assign(258, 0xFF);
  return answer;
}

}  // namespace kilt::vtoken
