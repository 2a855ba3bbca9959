// What can be set from outside, and what survives without power.
#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/laser.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

struct Switch {
  const char* name;
  std::vector<std::string> values;  ///< the first is the default
  const char* meaning;
};

const std::vector<Switch>& known_switches() {
  static const std::vector<Switch> known{
      {"personality", {"aladdin", "athena"}, "whose conventions a new card follows"},
      {"state",
       {"formatted", "blank", "filled"},
       "what a new card holds; blank: one transport PIN, filled: a key pair and more"},
      {"mf-rules", {"open", "so", "closed"}, "who may create in the master file of a new card"},
      {"applet", {"select", "preselected"}, "without SELECT AID: 6E00, or 6985"},
      {"applet-select", {"clears", "keeps"}, "SELECT AID ends login and secure messaging"},
      {"read-more", {"61nn", "9000"}, "READ with Le 00 when more remains in the file"},
      {"long-list", {"get-response", "truncated"}, "LIST of more than 256 bytes"},
      {"create-selects", {"no", "yes"}, "CREATE selects the new file"},
      {"try-byte",
       {"max-unblocks", "left-max"},
       "byte 4 of a PIN at CREATE: tries and unblocks, or tries left and tries"},
      {"pin-class", {"auto", "shown", "hidden"}, "flags 80 and 40 of a PIN's class in its FCP"},
      {"plain-verify", {"any", "transport"}, "which PINs take a plain VERIFY"},
      {"challenge", {"next-command", "until-used"}, "how long a challenge lives"},
      {"last-try", {"63C0", "6983"}, "answer to the last wrong PIN, and to a query then"},
      {"secure-rules", {"enforced", "ignored"}, "a rule's bit 40: the command must be wrapped"},
      {"secure-answer",
       {"right", "bad-mac", "no-mac", "double-mac", "plain"},
       "fault: how wrapped answers come back"},
      {"resize-rule", {"update", "admin"}, "whose rule governs INS 32"},
      {"fill", {"00", "FF"}, "content of a new file"},
      {"rsa-4096", {"auto", "yes", "no"}, "auto: on aladdin only"},
      {"dh-group",
       {"auto", "idprotect", "oakley2", "oakley1"},
       "auto: oakley2 on aladdin, the real card's on athena; oakley1 has 768 bits"},
  };
  return known;
}

}  // namespace

Laser::Laser() : serial_{0x06, 0x11}, static_key_(random_bytes(20)) {
  for (const Switch& one : known_switches()) switches_[one.name] = one.values.front();
  append(serial_, random_bytes(4));
  append(serial_, {0x00, 0x01});
  switches_["user-pin"] = "11111111";
  switches_["so-pin"] = "00000000";
  personalise();
}

Bytes Laser::atr() const {
  if (!atr_.empty()) return atr_;
  return unhex(is("personality", "athena") ? "3BDC18FF8191FE1FC38073C8211366010B0352000538"
                                           : "3BDC18FF8191FE1FC38073C821136601061159000128");
}

bool Laser::is(const std::string& name, const std::string& value) const {
  return switches_.at(name) == value;
}

void Laser::set(const std::string& key, const std::string& value) {
  if (key == "power-loss") {  // at the n-th write from now on
    power_countdown_ = std::stoul(value);
  } else if (key == "random") {
    random_.push_back(unhex(value));
  } else if (key == "atr") {
    atr_ = unhex(value);
  } else if (key == "serial") {
    const Bytes wanted = unhex(value);
    if (wanted.size() != serial_.size()) throw std::invalid_argument("serial is 8 bytes");
    serial_ = wanted;
    if (!used_) personalise();
  } else if (key == "dh-key") {
    static_key_ = unhex(value);
  } else {
    const bool of_new_card = key == "personality" || key == "state" || key == "mf-rules" ||
                             key == "user-pin" || key == "so-pin";
    if (of_new_card && used_ && switches_[key] != value)
      throw std::invalid_argument(key + " is for a new card; this one has been used");
    if (!key.ends_with("-pin")) {
      const auto found = std::ranges::find(known_switches(), key, &Switch::name);
      if (found == known_switches().end()) Card::set(key, value);
      if (std::ranges::find(found->values, value) == found->values.end())
        throw std::invalid_argument(
            fmt::format("{} is one of: {}", key, fmt::join(found->values, ", ")));
    } else if (!switches_.contains(key)) {
      Card::set(key, value);
    }
    switches_[key] = value;
    if (of_new_card && !used_) personalise();
  }
}

std::vector<std::string> Laser::switches() const {
  std::vector<std::string> lines;
  for (const Switch& one : known_switches())
    lines.push_back(fmt::format("{}={}: {}", one.name, fmt::join(one.values, "|"), one.meaning));
  lines.emplace_back("user-pin=PIN, so-pin=PIN: of a new formatted card (11111111, 00000000)");
  lines.emplace_back("serial=HEX: 8 bytes");
  lines.emplace_back("atr=HEX: another answer to reset");
  lines.emplace_back("dh-key=HEX: the card's static exponent");
  lines.emplace_back("random=HEX: the next random value, for replays; repeatable");
  lines.emplace_back("power-loss=N: the power fails at the N-th write from now on");
  return lines;
}

void Laser::about_to_write() {
  if (power_countdown_ != 0 && --power_countdown_ == 0) throw PowerLoss();
  used_ = true;
}

Bytes Laser::random(std::size_t count) {
  if (random_.empty()) return random_bytes(count);
  Bytes next = std::move(random_.front());
  random_.pop_front();
  next.resize(count);
  return next;
}

nlohmann::json Laser::save() const {
  nlohmann::json state;
  state["kind"] = "jacarta";
  state["serial"] = hex(serial_);
  state["atr"] = hex(atr_);
  state["dh-key"] = hex(static_key_);
  state["used"] = used_;
  state["switches"] = switches_;
  state["files"] = master_->save();
  return state;
}

void Laser::load(const nlohmann::json& state) {
  if (state.at("kind") != "jacarta") throw std::invalid_argument("the state is another token's");
  auto master = File::load(state.at("files"), nullptr);
  reset();
  master_ = std::move(master);
  serial_ = unhex(state.at("serial").get<std::string>());
  atr_ = unhex(state.at("atr").get<std::string>());
  static_key_ = unhex(state.at("dh-key").get<std::string>());
  used_ = state.at("used").get<bool>();
  for (const auto& [name, value] : state.at("switches").items())
    if (switches_.contains(name)) switches_[name] = value.get<std::string>();
}

}  // namespace kilt::vtoken::jacarta
