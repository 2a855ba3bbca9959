#include "tests/virtual/kaztoken/kaztoken.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/rand.h>

namespace kilt::vtoken::kaztoken {
namespace {

constexpr unsigned kOk = 0x9000;

struct Switch {
  const char* name;
  std::vector<std::string> values;  ///< the first is the default
  const char* meaning;
};

const std::vector<Switch>& known_switches() {
  static const std::vector<Switch> known{
      {"protocol", {"t1", "t0"}, "USB token, or the ID-1 card with 61xx and 6Cxx"},
      {"system-folders", {"absent", "present"}, "1000/… after INIT, before anybody creates it"},
      {"rsf-rule", {"folder", "mf"}, "whose rule governs the creation of key objects"},
      {"bad-option", {"create", "generate"}, "where option 1F and tries FF of a key are refused"},
      {"last-try", {"6300", "6983"}, "answer to the last wrong PIN"},
      {"login-check", {"before", "after"}, "6F86 before or after the blocked check"},
      {"long-pin", {"allowed", "refused"}, "a new PIN longer than the PIN object's size"},
      {"key-choice", {"agree", "mse"}, "selected object and MSE must agree, or MSE alone decides"},
      {"early-use", {"refused", "allowed"}, "use of keys before INIT END"},
      {"mse-81", {"refused", "accepted"}, "a file reference in MSE SET"},
      {"get-data", {"ecp3", "serial"}, "what GET DATA knows beyond the serial number"},
      {"layout", {"blank", "vendor"}, "vendor: formatted by other software, with certificates"},
      {"vendor-keys", {"1", "2"}, "keys of such a token (set before layout)"},
      {"rsa-4096", {"yes", "no"}, "newer firmware makes RSA keys of 4096 bits"},
  };
  return known;
}

}  // namespace

Kaztoken::Kaztoken() : serial_(8, 0) {
  for (const Switch& one : known_switches()) switches_[one.name] = one.values.front();
  RAND_bytes(serial_.data() + 4, 4);
}

Bytes Kaztoken::atr() const {
  if (is("protocol", "t0")) return {0x3B, 0x98, 0x96, 0x00, 'K', 'A', 'Z', 'T', 'O', 'K', 'E', 'N'};
  return {0x3B, 0x88, 0x01, 'K', 'A', 'Z', 'T', 'O', 'K', 'E', 'N', 0x82};
}

void Kaztoken::reset() {
  directory_ = selected_ = nullptr;
  logged_in_ = 0;
  environment_.clear();
  chain_.clear();
  chain_ins_ = 0;
  pending_.clear();
}

bool Kaztoken::is(const std::string& name, const std::string& value) const {
  return switches_.at(name) == value;
}

void Kaztoken::set(const std::string& key, const std::string& value) {
  if (key == "power-loss") {  // at the n-th write from now on
    power_countdown_ = std::stoul(value);
    return;
  }
  for (const Switch& one : known_switches()) {
    if (key != one.name) continue;
    if (std::ranges::find(one.values, value) == one.values.end())
      throw std::invalid_argument(
          fmt::format("{} is one of: {}", key, fmt::join(one.values, ", ")));
    switches_[key] = value;
    if (key == "layout" && value == "vendor" && master_ == nullptr) vendor_format();
    return;
  }
  Card::set(key, value);
}

std::vector<std::string> Kaztoken::switches() const {
  std::vector<std::string> lines;
  for (const Switch& one : known_switches())
    lines.push_back(fmt::format("{}={}: {}", one.name, fmt::join(one.values, "|"), one.meaning));
  lines.emplace_back("power-loss=N: the power fails at the N-th write from now on");
  return lines;
}

void Kaztoken::about_to_write() {
  if (power_countdown_ != 0 && --power_countdown_ == 0) throw PowerLoss();
}

nlohmann::json Kaztoken::save() const {
  nlohmann::json state;
  state["kind"] = "kaztoken";
  state["serial"] = hex(serial_);
  state["initialised"] = initialised_;
  state["switches"] = switches_;
  state["files"] = master_ ? master_->save() : nlohmann::json();
  state["pins"] = nlohmann::json::array();
  for (const auto& [reference, file] : pins_) state["pins"].push_back(file->save());
  return state;
}

void Kaztoken::load(const nlohmann::json& state) {
  if (state.at("kind") != "kaztoken") throw std::invalid_argument("the state is another token's");
  reset();
  serial_ = unhex(state.at("serial").get<std::string>());
  initialised_ = state.at("initialised").get<bool>();
  for (const auto& [name, value] : state.at("switches").items())
    if (switches_.contains(name)) switches_[name] = value.get<std::string>();
  master_ = state.at("files").is_null() ? nullptr : File::load(state.at("files"), nullptr);
  pins_.clear();
  for (const auto& one : state.at("pins")) {
    auto file = File::load(one, nullptr);
    const auto reference = static_cast<std::uint8_t>(file->id);
    pins_[reference] = std::move(file);
  }
}

Bytes Kaztoken::transmit(const Bytes& command) {
  const auto status = [](unsigned sw) {
    return Bytes{static_cast<std::uint8_t>(sw >> 8), static_cast<std::uint8_t>(sw)};
  };
  if (command.size() < 4) return status(0x6700);
  Apdu apdu{command[0], command[1], command[2], command[3], {}, false, 0};
  const auto le_of = [](std::uint8_t byte) { return byte == 0 ? 256U : std::size_t{byte}; };
  if (command.size() == 5) {
    apdu.has_le = true;
    apdu.le = le_of(command[4]);
  } else if (command.size() > 5) {
    const std::size_t lc = command[4];
    if (lc == 0 || command.size() < 5 + lc || command.size() > 6 + lc) return status(0x6700);
    apdu.data.assign(command.begin() + 5, command.begin() + 5 + static_cast<std::ptrdiff_t>(lc));
    apdu.has_le = command.size() == 6 + lc;
    if (apdu.has_le) apdu.le = le_of(command.back());
  }
  return finish(apdu, dispatch(apdu));
}

/// The answer as the protocol transports it: more than 256 bytes come in parts; T=0 announces data
/// of a command that carried some, and wants the exact Le of others.
Bytes Kaztoken::finish(const Apdu& apdu, Answer answer) {
  const bool t0 = is("protocol", "t0");
  const bool announce = t0 && apdu.ins != 0xC0 && !apdu.data.empty() && !answer.data.empty();
  unsigned sw = answer.sw;
  Bytes out;
  if (t0 && apdu.ins != 0xC0 && apdu.data.empty() && apdu.has_le && !answer.data.empty() &&
      apdu.le != answer.data.size() && answer.data.size() <= 256) {
    return {0x6C, static_cast<std::uint8_t>(answer.data.size())};
  }
  if (announce) {
    pending_ = std::move(answer.data);
  } else {
    const std::size_t now = std::min<std::size_t>(256, answer.data.size());
    out.assign(answer.data.begin(), answer.data.begin() + static_cast<std::ptrdiff_t>(now));
    pending_.assign(answer.data.begin() + static_cast<std::ptrdiff_t>(now), answer.data.end());
  }
  if (!pending_.empty())
    sw = 0x6100 | (pending_.size() >= 256 ? 0U : static_cast<unsigned>(pending_.size()));
  out.push_back(static_cast<std::uint8_t>(sw >> 8));
  out.push_back(static_cast<std::uint8_t>(sw));
  return out;
}

Answer Kaztoken::dispatch(const Apdu& apdu) {
  if (apdu.ins == 0xC0) {
    Answer answer{std::move(pending_), kOk};
    pending_.clear();
    if (answer.data.empty()) answer.sw = 0x6985;
    return answer;
  }
  pending_.clear();
  const unsigned what = (static_cast<unsigned>(apdu.ins) << 16) | apdu.p1p2();
  if (chain_ins_ != 0 && what != chain_ins_) {
    chain_.clear();
    chain_ins_ = 0;
    return {{}, 0x6883};
  }
  if (apdu.cla == 0x80) return dispatch_proprietary(apdu);
  if (apdu.cla == 0x10 && (apdu.ins == 0x2A || apdu.ins == 0x24)) {
    chain_ins_ = what;
  } else if (apdu.cla != 0x00) {
    return {{}, 0x6E00};
  }
  switch (apdu.ins) {
    case 0x20:
      return verify(apdu);
    case 0x22:
      return manage_security_environment(apdu);
    case 0x24:
      return change_reference_data(apdu);
    case 0x2A:
      return perform_security_operation(apdu);
    case 0x2C:
      return reset_retry_counter(apdu);
    case 0x46:
      return generate(apdu);
    case 0x84:
      return get_challenge(apdu);
    case 0xA4:
      return select(apdu);
    case 0xB0:
      return read_binary(apdu);
    case 0xCA:
      return get_data(apdu);
    case 0xD6:
      return update_binary(apdu);
    case 0xE0:
      return create_file(apdu);
    case 0xE4:
      return delete_file(apdu);
    default:
      return {{}, 0x6D00};
  }
}

Answer Kaztoken::dispatch_proprietary(const Apdu& apdu) {
  switch (apdu.ins) {
    case 0x40:
      return logout(apdu);
    case 0x84:
      if (apdu.p1p2() != 0x4E19) return {{}, 0x6A86};
      about_to_write();
      initialised_ = true;
      return {};
    case 0x8A:
      if (apdu.p1p2() != 0x0000) return {{}, 0x6A86};
      about_to_write();
      erase();
      return {};
    default:
      return {{}, 0x6D00};
  }
}

}  // namespace kilt::vtoken::kaztoken
