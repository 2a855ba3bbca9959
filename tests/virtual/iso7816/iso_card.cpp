#include "tests/virtual/iso7816/iso_card.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::iso {
namespace {

constexpr unsigned kOk = 0x9000;
constexpr std::uint8_t kChained = 0x10;
constexpr std::uint8_t kGetResponse = 0xC0;
constexpr std::size_t kMaxChain = 4096;

unsigned more(std::size_t left) {
  return 0x6100 | (left >= 256 ? 0U : static_cast<unsigned>(left));
}

}  // namespace

nlohmann::json Pin::save() const { return {{"value", hex(value)}, {"tries", tries}, {"max", max}}; }

void Pin::load(const nlohmann::json& state) {
  value = unhex(state.at("value").get<std::string>());
  tries = state.at("tries").get<unsigned>();
  max = state.at("max").get<unsigned>();
}

IsoCard::IsoCard(std::string kind, std::vector<Switch> switches)
    : kind_(std::move(kind)), known_(std::move(switches)) {
  for (const Switch& one : known_) settings_[one.name] = one.values.front();
}

void IsoCard::reset() {
  verified_.clear();
  pending_.clear();
  chain_.clear();
  chain_of_ = 0;
  power_up();
}

bool IsoCard::is(const std::string& name, const std::string& value) const {
  return setting(name) == value;
}

const std::string& IsoCard::setting(const std::string& name) const { return settings_.at(name); }

void IsoCard::set(const std::string& key, const std::string& value) {
  if (key == "power-loss") {
    power_countdown_ = std::stoul(value);
    return;
  }
  for (const Switch& one : known_) {
    if (key != one.name) continue;
    if (one.values.size() > 1 && std::ranges::find(one.values, value) == one.values.end())
      throw std::invalid_argument(
          fmt::format("{} is one of: {}", key, fmt::join(one.values, ", ")));
    if (settings_[key] == value) return;
    if (one.layout && has_contents_)
      throw std::invalid_argument(key + " describes a new card; this one is in use");
    settings_[key] = value;
    return;
  }
  Card::set(key, value);
}

std::vector<std::string> IsoCard::switches() const {
  std::vector<std::string> lines;
  lines.reserve(known_.size() + 1);
  for (const Switch& one : known_)
    lines.push_back(fmt::format("{}={}: {}{}", one.name,
                                one.values.size() > 1
                                    ? fmt::format("{}", fmt::join(one.values, "|"))
                                    : fmt::format("TEXT ({})", one.values.front()),
                                one.meaning, one.layout ? " (new card)" : ""));
  lines.emplace_back("power-loss=N: the power fails at the N-th write from now on");
  return lines;
}

nlohmann::json IsoCard::save() const {
  nlohmann::json state;
  state["kind"] = kind_;
  state["switches"] = settings_;
  state["pin-attempts"] = pin_attempts_;
  if (has_contents_) save_contents(state["contents"]);
  return state;
}

void IsoCard::load(const nlohmann::json& state) {
  if (state.at("kind") != kind_) throw std::invalid_argument("the state is another token's");
  for (const auto& [name, value] : state.at("switches").items())
    if (settings_.contains(name)) settings_[name] = value.get<std::string>();
  pin_attempts_ = state.value("pin-attempts", 0UL);
  has_contents_ = state.contains("contents");
  if (has_contents_) load_contents(state.at("contents"));
  reset();
}

void IsoCard::about_to_write() {
  if (power_countdown_ != 0 && --power_countdown_ == 0) throw PowerLoss();
}

// The try is spent before the comparison, as cards do it against those who cut the power.
unsigned IsoCard::check_pin(std::uint8_t reference, Pin& pin, const Bytes& presented) {
  forget_pin(reference);
  ++pin_attempts_;
  if (pin.tries == 0) return 0x6983;
  about_to_write();
  --pin.tries;
  if (presented != pin.value) return 0x63C0 | std::min(pin.tries, 0xFU);
  about_to_write();
  pin.tries = pin.max;
  verified_.insert(reference);
  return kOk;
}

unsigned IsoCard::pin_status(std::uint8_t reference, const Pin& pin) const {
  if (verified(reference)) return kOk;
  return pin.tries == 0 ? 0x6983 : 0x63C0 | std::min(pin.tries, 0xFU);
}

Bytes IsoCard::transmit(const Bytes& bytes) {
  if (!has_contents_) {
    personalise();
    has_contents_ = true;
    power_up();
  }
  Answer answer{{}, 0x6700};
  if (auto command = parse_command(bytes, manners().extended)) {
    if (command->ins == kGetResponse && (command->cla & ~kChained) == 0x00) {
      answer = get_response(*command);
    } else {
      pending_.clear();
      answer = transport(*command, complete(*command));
    }
  }
  answer.data.push_back(static_cast<std::uint8_t>(answer.sw >> 8));
  answer.data.push_back(static_cast<std::uint8_t>(answer.sw));
  return answer.data;
}

/// The command with the data of the whole chain; 9000 for the parts before its end.
Answer IsoCard::complete(Command command) {
  const unsigned what = static_cast<unsigned>(command.ins) << 16 | command.p1p2();
  const bool chained = (command.cla & kChained) != 0 && command.cla < 0x80;
  if (chained && !manners().chaining) return {{}, 0x6884};
  if (chain_of_ != 0 && chain_of_ != what) {
    chain_.clear();
    chain_of_ = 0;
    return {{}, 0x6883};
  }
  chain_.insert(chain_.end(), command.data.begin(), command.data.end());
  const bool too_long = chain_.size() > kMaxChain;
  chain_of_ = chained && !too_long ? what : 0;
  if (too_long) chain_.clear();
  if (too_long) return {{}, 0x6700};
  if (chained) return {};
  command.data = std::move(chain_);
  chain_.clear();
  return process(command);
}

Answer IsoCard::get_response(const Command& command) {
  if (pending_.empty()) return {{}, 0x6985};
  const Manners how = manners();
  const std::size_t wanted = command.has_le ? command.le : 256;
  if (how.t0 && how.exact_le && wanted > pending_.size())
    return {{}, 0x6C00 | static_cast<unsigned>(pending_.size())};
  const auto count = static_cast<std::ptrdiff_t>(std::min(wanted, pending_.size()));
  Answer answer{Bytes(pending_.begin(), pending_.begin() + count), kOk};
  pending_.erase(pending_.begin(), pending_.begin() + count);
  if (!pending_.empty() && !how.silent_rest) answer.sw = more(pending_.size());
  return answer;
}

/// The answer as the protocol transports it.
Answer IsoCard::transport(const Command& command, Answer answer) {
  if (answer.data.empty()) return answer;
  const Manners how = manners();
  std::size_t now = command.has_le ? command.le : 0;
  if (how.t0 && !command.extended) {
    if (!command.data.empty()) now = 0;
    if (command.data.empty() && how.exact_le && now > answer.data.size())
      return {{}, 0x6C00 | static_cast<unsigned>(answer.data.size())};
  }
  if (now >= answer.data.size()) return answer;
  const auto count = static_cast<std::ptrdiff_t>(now);
  pending_.assign(answer.data.begin() + count, answer.data.end());
  answer.data.resize(now);
  answer.sw = more(pending_.size());
  return answer;
}

}  // namespace kilt::vtoken::iso
