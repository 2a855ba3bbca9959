// Switches, state, transport, dispatch.
#include "tests/virtual/etoken/idprime/idprime.h"

#include <algorithm>
#include <stdexcept>

namespace kilt::vtoken::etoken {
namespace {

constexpr std::uint8_t kUser = 0x11, kSignature = 0x83;
constexpr unsigned kMostTries = 15;
constexpr std::size_t kMostChained = 2048;

std::vector<Switch> known_switches() {
  return {
      {"model", {"940", "840", "930"}, "940: 5110 CC; 930: 5110+ (made anew)"},
      {"protocol",
       {"usual", "t0", "t1"},
       "t0: bare card with 61xx and 6Cxx; usual: t0 for 840 only"},
      {"certificates",
       {"compressed", "plain", "bomb"},
       "how they are stored; bomb: small files that inflate to 16 MB"},
      {"container-map",
       {"open", "login", "empty"},
       "login: 6982 before; empty: 940 with a key map"},
      {"reselect", {"logs-out", "keeps"}, "what another SELECT of the applet does to the login"},
      {"session-id", {"reset", "select"}, "what changes the 8 bytes of 00 A6"},
      {"read-end", {"6B00", "6Cxx", "6282", "6700"}, "READ BINARY with an Le past the end"},
      {"random", {"16", "8"}, "most bytes of GET CHALLENGE"},
      {"version", {"tlv", "bare"}, "GET DATA DF30 with or without DF 30 LL in front"},
      {"public-key", {"template", "bare"}, "B6 or 7F49 around a public key"},
      {"ever-changed", {"present", "absent"}, "DF2F in PIN objects"},
      {"echo", {"yes", "no"}, "the hash comes back from 00 2A 90 A0"},
      {"sha1", {"refused", "accepted"}, "SHA-1 signature algorithms"},
      {"last-try", {"63C0", "6983"}, "answer to the last wrong PIN"},
  };
}

}  // namespace

IdPrime::IdPrime()
    : switches_(known_switches()), key_kinds_("rsa-2048,p-256"), label_("My Token") {}

bool IdPrime::t1() const {
  return is("protocol", "t1") || (is("protocol", "usual") && !is("model", "840"));
}

Bytes IdPrime::atr() const {
  const Bytes model = is("model", "940")   ? unhex("85 59 56 FB")
                      : is("model", "840") ? unhex("85 03 00 EF")
                                           : unhex("84 65 66 FB");
  Bytes atr = t1() ? unhex("3B FF 96 00 00 81 31 FE 43 80 31 80 65 B0")
                   : unhex("3B 7F 96 00 00 80 31 80 65 B0");
  append(atr, model);
  append(atr, unhex(is("model", "930") ? "12 01 78 82 90 00" : "12 0F FE 82 90 00"));
  if (t1()) {
    std::uint8_t check = 0;
    for (std::size_t i = 1; i < atr.size(); ++i) check = static_cast<std::uint8_t>(check ^ atr[i]);
    atr.push_back(check);
  }
  return atr;
}

void IdPrime::reset() {
  if (keys_.empty()) personalise();
  selected_ = false;
  file_ = 0;
  session_ = random_bytes(8);
  verified_.clear();
  operation_ = Operation::kNone;
  hash_.clear();
  chain_.clear();
  pending_.clear();
  announced_.reset();
}

void IdPrime::set(const std::string& key, const std::string& value) {
  if (keys_.empty()) personalise();
  if (key == "pin") {
    pins_[kUser] = {value, pins_[kUser].tries_max, pins_[kUser].tries_max, true};
  } else if (key == "signature-pin") {
    pins_[kSignature] = {value, pins_[kUser].tries_max, pins_[kUser].tries_max, true};
    const auto bound = [](const auto& one) { return one.second.pin == kSignature; };
    if (std::ranges::none_of(keys_, bound)) add_key("rsa-2048", kSignature);
  } else if (key == "tries") {
    for (auto& [reference, pin] : pins_)
      if (!pin.value.empty()) pin.tries_max = pin.tries_left = number_of(value, kMostTries);
  } else if (key == "tries-left") {
    pins_[kUser].tries_left = number_of(value, pins_[kUser].tries_max);
  } else if (key == "keys") {
    key_kinds_ = value;
    personalise();
  } else if (key == "label") {
    label_ = value;
  } else if (switches_.set(key, value)) {
    if (key == "model") personalise();
  } else {
    Card::set(key, value);
  }
  make_files();
}

std::vector<std::string> IdPrime::switches() const {
  std::vector<std::string> lines = switches_.help();
  lines.emplace_back(
      "pin=VALUE: the user's PIN; signature-pin=VALUE: PIN 83, and a key that needs it");
  lines.emplace_back("tries=N: attempts of the PINs, N up to 15; tries-left=N: of the user's now");
  lines.emplace_back(
      "keys=LIST: rsa-1024, rsa-2048, rsa-3072, rsa-4096, p-256, p-384, p-521 (made anew)");
  lines.emplace_back("label=TEXT: the token's name");
  return lines;
}

nlohmann::json IdPrime::save() const {
  nlohmann::json state;
  state["kind"] = "idprime";
  state["switches"] = switches_.save();
  state["card-id"] = hex(card_id_);
  state["guids"] = hex(guids_);
  state["label"] = label_;
  state["keys"] = nlohmann::json::object();
  for (const auto& [reference, key] : keys_)
    state["keys"][hex({reference})] = {
        {"key", hex(key.pair.save())}, {"pin", hex({key.pin})}, {"container", key.container}};
  state["certificates"] = nlohmann::json::array();
  for (const Bytes& der : certificates_) state["certificates"].push_back(hex(der));
  for (const auto& [reference, pin] : pins_)
    state["pins"][hex({reference})] = {{"pin", pin.value},
                                       {"max", pin.tries_max},
                                       {"left", pin.tries_left},
                                       {"changed", pin.ever_changed}};
  return state;
}

void IdPrime::load(const nlohmann::json& state) {
  if (state.at("kind") != "idprime") throw std::invalid_argument("the state is another token's");
  switches_.load(state.at("switches"));
  const auto bytes = [](const nlohmann::json& value) { return unhex(value.get<std::string>()); };
  card_id_ = bytes(state.at("card-id"));
  guids_ = bytes(state.at("guids"));
  label_ = state.at("label").get<std::string>();
  keys_.clear();
  for (const auto& [name, saved] : state.at("keys").items())
    keys_[unhex(name).at(0)] = {KeyPair::load(bytes(saved.at("key"))), bytes(saved.at("pin")).at(0),
                                saved.at("container").get<std::uint8_t>()};
  certificates_.clear();
  for (const auto& der : state.at("certificates")) certificates_.push_back(bytes(der));
  pins_.clear();
  for (const auto& [name, saved] : state.at("pins").items())
    pins_[unhex(name).at(0)] = {saved.at("pin").get<std::string>(), saved.at("max").get<unsigned>(),
                                saved.at("left").get<unsigned>(), saved.at("changed").get<bool>()};
  make_files();
  reset();
}

Bytes IdPrime::transmit(const Bytes& command) {
  if (keys_.empty()) reset();
  const auto apdu = parse_command(command);
  if (!apdu) return encode(status(0x6700));
  // The same command again after 6Cxx: its answer is ready, it is not carried out a second time.
  const bool again = apdu->header() == announced_header_ && apdu->data.empty() && announced_;
  Answer answer = again ? std::move(*announced_) : dispatch(*apdu);
  announced_.reset();
  return finish(*apdu, std::move(answer));
}

/// Long answers come in parts; T=0 announces data of a command that carried some, and wants the
/// exact Le of others.
Bytes IdPrime::finish(const Apdu& apdu, Answer answer) {
  constexpr std::size_t kPart = 256;
  if (answer.data.empty()) return encode(answer);
  const bool follow_up = apdu.ins == 0xC0;
  std::size_t now = std::min(apdu.has_le ? apdu.le : kPart, answer.data.size());
  if (!t1() && !follow_up) {
    if (!apdu.data.empty())
      now = 0;
    else if (apdu.has_le && apdu.le != answer.data.size() && answer.data.size() <= kPart) {
      const std::size_t size = answer.data.size();
      announced_header_ = apdu.header();
      announced_ = std::move(answer);
      return encode(status(0x6C00U | (size & 0xFFU)));
    }
  } else if (t1() && !follow_up && !apdu.has_le) {
    return encode(status(answer.sw));
  }
  if (!apdu.extended) now = std::min(now, kPart);
  pending_ = part(answer.data, now, answer.data.size());
  answer.data.resize(now);
  if (!pending_.empty())
    answer.sw = 0x6100U | (pending_.size() >= kPart ? 0U : static_cast<unsigned>(pending_.size()));
  return encode(answer);
}

/// A command of a chain that is not the last: its data is kept.
bool IdPrime::chained(const Apdu& apdu) {
  const unsigned header = apdu.header() & 0x00FFFFFFU;
  if (!chain_.empty() && header != chain_header_) chain_.clear();
  chain_header_ = header;
  append(chain_, apdu.data);
  if (chain_.size() > kMostChained) chain_.clear();
  return apdu.cla == 0x10;
}

Answer IdPrime::dispatch(const Apdu& apdu) {
  if (apdu.ins == 0xC0 && apdu.cla == 0x00) {
    Answer rest{std::move(pending_), 0x9000};
    pending_.clear();
    return rest.data.empty() ? status(0x6985) : rest;
  }
  pending_.clear();
  const bool may_chain = apdu.cla == 0x10 && apdu.ins == 0x2A;
  if (apdu.cla != 0x00 && !may_chain) return status(0x6E00);
  if (apdu.ins == 0xA4) return select(apdu);
  // What the card's own manager answers; the rest is the applet's.
  if (apdu.ins == 0xCA) return get_data(apdu);
  return selected_ ? dispatch_selected(apdu) : status(0x6D00);
}

Answer IdPrime::dispatch_selected(const Apdu& apdu) {
  switch (apdu.ins) {
    case 0x20:
    case 0x21:
      return verify(apdu);
    case 0x22:
      return manage_security_environment(apdu);
    case 0x24:
      return change_pin(apdu);
    case 0x2A:
      return perform_security_operation(apdu);
    case 0x82:  // the vendor's logout sends this first
      return apdu.p1p2() == 0xFF00 && apdu.data.empty() ? Answer{} : status(0x6A86);
    case 0x84:
      return get_challenge(apdu);
    case 0xA6:
      return session_check(apdu);
    case 0xB0:
      return read_binary(apdu);
    case 0xCB:
      return get_object(apdu);
    default:
      return status(0x6D00);
  }
}

}  // namespace kilt::vtoken::etoken
