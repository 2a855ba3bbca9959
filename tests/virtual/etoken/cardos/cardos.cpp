// Switches, state, dispatch.
#include "tests/virtual/etoken/cardos/cardos.h"

#include <stdexcept>

namespace kilt::vtoken {

std::unique_ptr<Card> make_cardos() { return std::make_unique<etoken::cardos::CardOs>(); }

}  // namespace kilt::vtoken

namespace kilt::vtoken::etoken::cardos {
namespace {

constexpr std::uint8_t kUserPhase = 0x10, kAdminPhase = 0x20, kManufacturing = 0x34;
constexpr std::size_t kBuffer = 0x0110;  ///< GET DATA 018D: bytes of a command or answer

std::vector<Switch> known_switches() {
  return {
      {"layout", {"blank", "native"}, "native: as its vendor's software formats it (made anew)"},
      {"native-pairs", {"1", "2"}, "keys of the native layout, their numbers not in order"},
      {"objects-in", {"admin", "any"}, "life-cycle phase in which PUT DATA works"},
      {"admin-phase", {"checked", "free"}, "whether conditions count in the admin phase"},
      {"object-update", {"df", "object"}, "whose condition governs PUT DATA on what exists"},
      {"delete-df", {"empty", "any"}, "which DFs can be deleted"},
      {"create-selects", {"no", "yes"}, "whether CREATE FILE selects what it made"},
      {"verify-rc", {"no", "yes"}, "the package that shows tries left (63Cx), where the PIN asks"},
      {"last-try", {"6300", "6983"}, "answer to the last wrong PIN"},
      {"environment", {"needed", "free"}, "MSE only where a DF has a security environment"},
      {"chaining", {"signature", "none"}, "whether 2A 9E9A takes its input in parts (CLA 10)"},
      {"p2-04", {"6F", "62"}, "outer tag of SELECT with P2 = 04"},
      {"directory-part", {"28", "3"}, "entries in one answer of DIRECTORY"},
  };
}

}  // namespace

CardOs::CardOs() : switches_(known_switches()), serial_(random_bytes(6)) { make_master(); }

Bytes CardOs::atr() const { return unhex("3B F2 18 00 02 C1 0A 31 FE 58 C8 09 75"); }

void CardOs::reset() {
  directory_ = master_.get();
  selected_ = nullptr;
  passed_.clear();
  environment_.clear();
  challenge_.clear();
  chain_.clear();
}

void CardOs::make_master() {
  master_ = std::make_unique<File>();
  master_->id = 0x3F00;
  reset();
}

void CardOs::about_to_write() {
  if (power_countdown_ != 0 && --power_countdown_ == 0) throw PowerLoss();
}

void CardOs::set(const std::string& key, const std::string& value) {
  constexpr std::uint8_t kUser = 1, kSo = 5;
  if (key == "power-loss") {
    power_countdown_ = std::stoul(value);
  } else if (key == "phase") {
    phase_ = value == "user"            ? kUserPhase
             : value == "admin"         ? kAdminPhase
             : value == "manufacturing" ? kManufacturing
                                        : throw std::invalid_argument("no such phase");
  } else if (key == "native-pin" || key == "native-so-pin") {
    set_native_pin(key == "native-pin" ? kUser : kSo, value);
  } else if (switches_.set(key, value)) {
    if (key == "layout" || (key == "native-pairs" && is("layout", "native"))) {
      make_master();
      if (is("layout", "native")) make_native();
    }
  } else {
    Card::set(key, value);
  }
}

std::vector<std::string> CardOs::switches() const {
  std::vector<std::string> lines = switches_.help();
  lines.emplace_back("phase=user|admin|manufacturing: the life-cycle phase now");
  lines.emplace_back("native-pin=VALUE, native-so-pin=VALUE: PINs of the native layout");
  lines.emplace_back("power-loss=N: the power fails at the N-th write from now on");
  return lines;
}

nlohmann::json CardOs::save() const {
  nlohmann::json state;
  state["kind"] = "cardos";
  state["switches"] = switches_.save();
  state["serial"] = hex(serial_);
  state["phase"] = hex({phase_});
  state["files"] = master_->save();
  return state;
}

void CardOs::load(const nlohmann::json& state) {
  if (state.at("kind") != "cardos") throw std::invalid_argument("the state is another token's");
  switches_.load(state.at("switches"));
  serial_ = unhex(state.at("serial").get<std::string>());
  phase_ = unhex(state.at("phase").get<std::string>()).at(0);
  master_ = File::load(state.at("files"), nullptr);
  reset();
}

Bytes CardOs::transmit(const Bytes& command) {
  const auto apdu = parse_command(command);
  if (!apdu || apdu->data.size() > kBuffer) return encode(status(0x6700));
  Answer answer = dispatch(*apdu);
  // A key's answer also comes to a program that forgot Le.
  const bool wanted = apdu->has_le || apdu->ins == 0x2A;
  if (!wanted) answer.data.clear();
  if (apdu->has_le && answer.data.size() > apdu->le) return encode(status(0x6C00));
  return encode(answer);
}

Answer CardOs::dispatch(const Apdu& apdu) {
  if (apdu.cla == 0x80) return dispatch_proprietary(apdu);
  // Only the input of a signature comes in parts.
  const unsigned whole_header = apdu.header() & 0x00FFFFFFU;
  const bool may_chain = whole_header == 0x2A9E9A && is("chaining", "signature");
  if (apdu.cla == 0x10) return may_chain ? keep_part(apdu) : status(0x6884);
  if (apdu.cla != 0x00) return status(0x6E00);
  if (!chain_.empty() && !may_chain) {
    chain_.clear();
    return status(0x6884);
  }
  switch (apdu.ins) {
    case 0x20:
      return verify(apdu);
    case 0x22:
      return manage_security_environment(apdu);
    case 0x24:
      return change_pin(apdu);
    case 0x2A:
      return perform_security_operation(apdu);
    case 0x2C:
      return unblock_pin(apdu);
    case 0x46:
      return generate(apdu);
    case 0x82:
      return external_authenticate(apdu);
    case 0x84:
      return get_challenge(apdu);
    case 0xA4:
      return select(apdu);
    case 0xB0:
      return read_binary(apdu);
    case 0xB2:
      return read_record(apdu);
    case 0xCA:
      return get_data(apdu);
    case 0xD6:
      return update_binary(apdu);
    case 0xDA:
      return put_data(apdu);
    case 0xE0:
      return create_file(apdu);
    case 0xE4:
      return delete_file(apdu);
    default:
      return status(0x6D00);
  }
}

Answer CardOs::keep_part(const Apdu& apdu) {
  append(chain_, apdu.data);
  if (chain_.size() <= kBuffer) return {};
  chain_.clear();
  return status(0x6700);
}

Answer CardOs::dispatch_proprietary(const Apdu& apdu) {
  constexpr std::size_t kLifeCycle = 0;
  switch (apdu.ins) {
    case 0x10:
      if (apdu.p1p2() != 0) return status(0x6A86);
      if (phase_ == kManufacturing) return status(0x6985);
      if (!allowed(*master_, kLifeCycle)) return status(0x6982);
      about_to_write();
      phase_ = phase_ == kUserPhase ? kAdminPhase : kUserPhase;
      return {};
    case 0x16:
      return directory(apdu);
    case 0xEA:
      if (apdu.p1p2() != 0) return status(0x6A86);
      passed_.clear();
      return {};
    default:
      return status(0x6D00);
  }
}

Answer CardOs::get_data(const Apdu& apdu) const {
  switch (apdu.p1p2()) {
    case 0x0181: {  // 32 bytes, the serial number in the middle
      Bytes data(10, 0x00);
      append(data, serial_);
      data.resize(32, 0x00);
      return {data, 0x9000};
    }
    case 0x0182:
      return {{0xC8, 0x09}, 0x9000};
    case 0x0183:
      return {{phase_}, 0x9000};
    case 0x0188: {  // packages: RSA up to 2048 bits, and the one that shows tries
      Bytes packages = unhex("E1 06 01 04 1C 01 00 00");
      if (is("verify-rc", "yes")) append(packages, unhex("E1 06 01 04 07 01 00 00"));
      return {packages, 0x9000};
    }
    case 0x018D:
      return {two(kBuffer), 0x9000};
    default:
      return status(0x6A88);
  }
}

Answer CardOs::get_challenge(const Apdu& apdu) {
  if (apdu.p1p2() != 0) return status(0x6A86);
  if (!apdu.has_le || apdu.le > 8) return status(0x6700);
  challenge_ = random_bytes(apdu.le);
  return {challenge_, 0x9000};
}

}  // namespace kilt::vtoken::etoken::cardos
