// Switches, state, dispatch.
#include "tests/virtual/etoken/applet/applet.h"

#include <stdexcept>

namespace kilt::vtoken::etoken {
namespace {

constexpr std::uint8_t kUser = 0x11, kSo = 0x15;
constexpr unsigned kMostTries = 15, kMostPairs = 20;

std::vector<Switch> switches_of(Personality personality) {
  const bool current = personality == Personality::kCurrent;
  using Values = std::vector<std::string>;
  return {
      {"login", {"lasting", "one-use", "next-command"}, "what a login is good for"},
      {"login-place", {"anywhere", "token-df"}, "PINs are found from below DF 5000 only"},
      {"logout-by", {"aid", "aid-and-mf", "reset"}, "which SELECT ends a login"},
      {"pin-encoding", {"utf16", "widened"}, "PINs that are not ASCII, in pin= and so-pin="},
      {"so-salt", {"first", "second"}, "which 20 bytes of a 43-byte record are the SO's"},
      {"so-unset", {"6983", "6A88"}, "the answer where no SO PIN is set"},
      {"last-try", {"6300", "6983"}, "answer to the last wrong PIN"},
      {"tag23", {"left", "maximum"}, "what the retry tag shows"},
      {"secure-messaging", current ? Values{"6982", "6E00"} : Values{"6E00", "6982"},
       "answer to CLA 84"},
      {"capabilities", current ? Values{"present", "absent"} : Values{"absent", "present"},
       "GET DATA 0135"},
      {"read-end", {"short", "6Cxx", "6282"}, "READ with an Le that passes the end"},
      {"list-order", {"created", "sorted"}, "order of LIST"},
      {"list-more", {"present", "absent"}, "the more-flag of LIST where nothing follows"},
      {"list-page", {"120", "3", "1"}, "ids in one answer of LIST"},
      {"lengths", {"short", "long"}, "long: FF and two bytes in every answer"},
      {"rsa-public", {"6A88", "modulus"}, "80 08 00 31 in an RSA key's DF"},
      {"rsa-lengths", {"both", "one-byte", "three-byte"}, "length forms taken and given by 80 0C"},
      {"rsa-bits", {"2048", "1024"}, "of the RSA pairs (made anew)"},
      {"rsa-record",
       {"analogous", "short", "opaque", "absent"},
       "attribute record of RSA keys, nobody has published one (made anew)"},
      {"key-security", {"plain", "sm"}, "sm: tag 05 of RSA key DFs is not empty (made anew)"},
      {"cryptopro", {"absent", "present"}, "a container with files that need the PIN (made anew)"},
  };
}

}  // namespace

Applet::Applet(Personality personality)
    : personality_(personality),
      switches_(switches_of(personality)),
      rsa_pairs_(personality == Personality::kLegacy ? 1 : 0) {}

Bytes Applet::atr() const {
  Bytes atr = unhex("3B D5 18 00 81 31 3A 7D 80 73 C8 21 10 30");
  if (current()) {
    atr[6] = 0xFE;  // IFSC
    atr[13] = 0xF4;
  }
  return atr;
}

void Applet::reset() {
  if (!master_) personalise();
  log_out();
  challenge_.clear();
  directory_ = master_.get();
  selected_ = nullptr;
}

void Applet::set(const std::string& key, const std::string& value) {
  if (!master_) personalise();
  if (key == "pin" || key == "so-pin") {
    const std::uint8_t reference = key == "pin" ? kUser : kSo;
    Pin& pin = pins_[reference];
    pin.key = value.empty() ? Bytes() : derived_key(reference, value);
    pin.tries_left = pin.tries_max;
  } else if (key == "tries") {
    set_tries(number_of(value, kMostTries));
  } else if (key == "tries-left") {
    pins_[kUser].tries_left = number_of(value, pins_[kUser].tries_max);
  } else if (key == "rsa-pairs") {
    rsa_pairs_ = number_of(value, kMostPairs);
    personalise();
  } else if (switches_.set(key, value)) {
    if (key == "rsa-bits" || key == "rsa-record" || key == "key-security" || key == "cryptopro")
      personalise();
  } else {
    Card::set(key, value);
  }
}

std::vector<std::string> Applet::switches() const {
  std::vector<std::string> lines = switches_.help();
  lines.emplace_back("pin=VALUE, so-pin=VALUE: PINs; an empty SO PIN is none");
  lines.emplace_back("tries=N: attempts of each PIN, N up to 15; tries-left=N: of the user's now");
  lines.emplace_back("rsa-pairs=N: RSA keys with certificates (made anew)");
  return lines;
}

nlohmann::json Applet::save() const {
  nlohmann::json state;
  state["kind"] = current() ? "etoken-current" : "etoken-legacy";
  state["switches"] = switches_.save();
  state["rsa-pairs"] = rsa_pairs_;
  state["serial"] = hex(serial_);
  state["stamp"] = hex(stamp_);
  for (const auto& [reference, pin] : pins_)
    state["pins"][hex({reference})] = {
        {"key", hex(pin.key)}, {"max", pin.tries_max}, {"left", pin.tries_left}};
  state["files"] = master_ ? master_->save() : nlohmann::json();
  return state;
}

void Applet::load(const nlohmann::json& state) {
  if (state.at("kind") != (current() ? "etoken-current" : "etoken-legacy"))
    throw std::invalid_argument("the state is another token's");
  switches_.load(state.at("switches"));
  rsa_pairs_ = state.value("rsa-pairs", 0U);
  serial_ = unhex(state.at("serial").get<std::string>());
  stamp_ = unhex(state.at("stamp").get<std::string>());
  if (serial_.size() != 4 || stamp_.size() != 16)
    throw std::invalid_argument("the state's serial or stamp is not of 4 or 16 bytes");
  master_ = File::load(state.at("files"), nullptr);
  pins_.clear();
  for (const auto& [name, saved] : state.at("pins").items()) {
    const Bytes reference = unhex(name);
    Pin& pin = pins_[reference.at(0)];
    pin.tries_max = saved.at("max").get<unsigned>();
    pin.tries_left = saved.at("left").get<unsigned>();
    pin.key = saved.contains("pin") ? derived_key(reference[0], saved.at("pin").get<std::string>())
                                    : unhex(saved.at("key").get<std::string>());
  }
  reset();
}

Bytes Applet::transmit(const Bytes& command) {
  if (!master_) reset();
  const auto apdu = parse_command(command);
  if (!apdu) return encode(status(0x6700));
  if (is("login", "next-command") && ++age_of_login_ > 1) authenticated_.clear();
  return finish(*apdu, dispatch(*apdu));
}

/// T=1 without chaining of answers: what does not fit into Le is not sent.
Bytes Applet::finish(const Apdu& apdu, const Answer& answer) const {
  if (!apdu.has_le) return encode(status(answer.sw));
  if (answer.data.size() > apdu.le) return encode(status(0x6C00U | (answer.data.size() & 0xFFU)));
  return encode(answer);
}

Answer Applet::dispatch(const Apdu& apdu) {
  if (apdu.cla == 0x00) {
    if (apdu.ins == 0xA4) return select(apdu);
    if (apdu.ins == 0xCA) return get_data(apdu);
    return status(0x6D00);
  }
  // Secure messaging: which keys and which checksum is not public, so no command passes.
  if (apdu.cla == 0x84) return status(is("secure-messaging", "6982") ? 0x6982 : 0x6E00);
  if (apdu.cla != 0x80) return status(0x6E00);
  switch (apdu.ins) {
    case 0x01:
      return list(apdu);
    case 0x07:
      return key_information(apdu);
    case 0x08:
      return public_part(apdu);
    case 0x0C:
      return private_operation(apdu);
    case 0x11:
      return authenticate(apdu);
    case 0x15:
      return update(apdu);
    case 0x17:
      return give_challenge(apdu);
    case 0x18:
      return read(apdu);
    case 0x1B:
    case 0x1C:
      return stamp(apdu);
    default:
      return status(0x6D00);
  }
}

}  // namespace kilt::vtoken::etoken
