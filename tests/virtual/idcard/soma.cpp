#include "tests/virtual/idcard/soma.h"

#include <algorithm>

#include "tests/virtual/iso7816/rsa.h"

namespace kilt::vtoken::idcard {
namespace {

using iso::Answer;
using iso::Command;
using iso::tlv;

constexpr unsigned kOk = 0x9000;
constexpr std::uint16_t kSignatureDirectory = 0x0101;
constexpr std::uint8_t kPin = 0x02, kPuk = 0x12;
constexpr std::size_t kPinLength = 8;
constexpr std::uint8_t kFirstContainer = 0x07, kLocalKey = 0x80;

struct Generation {
  const char* name;
  const char* atr;
  bool known;  ///< its commands are public
};
// The public ATR list of pcsc-tools; the contactless one with a number (PUPI) of our own.
constexpr std::array kGenerations{
    Generation{"c007a", "3B3E9500534F4D412D633030372D44533161", true},
    Generation{"c007b", "3B3E9500534F4D412D633030372D44533162", true},
    Generation{"ds301", "3B391900534F4D414453333031", true},
    Generation{"ds303", "3B391900534F4D414453333033", true},
    Generation{"kasakid", "3B77180000 4B4153414B4944", false},
    Generation{"2022", "3BFA1800FF8031FE450031807394410000900090", false},
    Generation{"contactless", "3B8C80015001020304E1F35E113381C771", false},
};

const Generation& generation(const std::string& name) {
  return *std::ranges::find_if(kGenerations, [&](const auto& one) { return name == one.name; });
}

}  // namespace

Soma::Soma()
    : IsoCard(
          "idcard",
          {
              {"containers", {"4", "2"}, "how many key containers the card has, from 7 on", true},
              {"filled", {"2", "0", "1", "3", "4"}, "how many of them hold a key at first", true},
              {"pin", {"1234"}, "the holder's PIN", true},
              {"puk", {"87654321"}, "the PUK of the Portuguese set", true},
              {"pin-pad", {"30", "2F", "FF"}, "the byte that fills the stored PIN to 8", true},
              {"atr",
               {"c007a", "c007b", "ds301", "ds303", "kasakid", "2022", "contactless"},
               "the generation; the last three have no public commands and answer 6D00"},
              {"commands", {"known", "none"}, "none: 6D00 to everything"},
              {"empty-verify",
               {"status", "refused", "spends"},
               "VERIFY without data: the counter, 6700, or a wrong try"},
              {"pin-scope", {"global", "mf"}, "VERIFY works everywhere, or with the MF selected"},
              {"mse-outside", {"9000", "6A82"}, "MSE without DF 0101"},
              {"check-order", {"pin", "key"}, "6982 before 6A82, or after"},
              {"empty-read",
               {"6A82", "6A88", "6900", "modulus-0"},
               "GET DATA of a container without a key; modulus-0: an empty modulus"},
              {"empty-generate", {"works", "6900"}, "GENERATE in a container without a key"},
              {"digest-info", {"102", "64", "35"}, "longest input of the signature, bytes"},
              {"rest", {"61", "9000"}, "a GET RESPONSE that leaves something: 61xx or 9000"},
              {"wrong-le", {"6C", "short"}, "Le beyond what there is: 6Cxx, or a shorter answer"},
              {"portuguese",
               {"off", "on"},
               "the Portuguese card's PIN change, PUK, whole key, SELECT forms, decipher"},
              {"certificates", {"none", "portuguese"}, "files 5F00/EF08, EF09, EF0F", true},
              {"padding", {"none", "FF", "00"}, "what follows a certificate in its file", true},
          }) {}

Bytes Soma::atr() const {
  std::string digits = generation(setting("atr")).atr;
  std::erase(digits, ' ');
  return iso::unhex(digits);
}

iso::Manners Soma::manners() const {
  return {.t0 = true,
          .extended = false,
          .chaining = portuguese(),
          .exact_le = is("wrong-le", "6C"),
          .silent_rest = is("rest", "9000")};
}

void Soma::power_up() {
  files_.power_up();
  signing_ = deciphering_ = {};
}

Bytes Soma::padded(const std::string& digits) const {
  Bytes value = iso::text(digits);
  value.resize(kPinLength, iso::unhex(setting("pin-pad"))[0]);
  return value;
}

void Soma::personalise() {
  pin_.value = padded(setting("pin"));
  puk_.value = padded(setting("puk"));
  files_.clear();
  files_.master().add_directory(kSignatureDirectory);
  const std::size_t filled = std::stoul(setting("filled")), all = std::stoul(setting("containers"));
  for (std::size_t i = 0; i < std::min(filled, all); ++i) keys_[i] = iso::make_rsa(2048);
  if (is("certificates", "portuguese")) add_certificates();
}

void Soma::save_contents(nlohmann::json& state) const {
  state["pin"] = pin_.save();
  state["puk"] = puk_.save();
  state["keys"] = nlohmann::json::array();
  for (const Bytes& key : keys_) state["keys"].push_back(iso::hex(key));
  state["files"] = files_.save();
}

void Soma::load_contents(const nlohmann::json& state) {
  pin_.load(state.at("pin"));
  puk_.load(state.at("puk"));
  for (std::size_t i = 0; i < keys_.size(); ++i)
    keys_[i] = iso::unhex(state.at("keys").at(i).get<std::string>());
  files_.load(state.at("files"));
}

Answer Soma::process(const Command& command) {
  if (is("commands", "none") || !generation(setting("atr")).known) return {{}, 0x6D00};
  if ((command.cla & ~0x10) != 0x00) return {{}, 0x6E00};
  switch (command.ins) {
    case 0x20:
      return verify(command);
    case 0x22:
      return manage_security_environment(command);
    case 0x46:
      return generate(command);
    case 0x88:
      return internal_authenticate(command);
    case 0xA4:
      return select(command);
    case 0xCB:
      return get_data(command);
    default:
      break;
  }
  const auto pin = [&] { return verified(kPin); };
  if (command.ins == 0xB0) return files_.read_binary(command, pin(), is("wrong-le", "6C"));
  if (!portuguese()) return {{}, 0x6D00};
  if (command.ins == 0x24) return change_reference_data(command);
  if (command.ins == 0x2A) return decipher(command);
  if (command.ins == 0x2C) return reset_retry_counter(command);
  return {{}, 0x6D00};
}

/// Public: by identifier, without an answer. No application identifier is known.
Answer Soma::select(const Command& command) {
  const bool plain = command.p1 == 0x00 && command.p2 == 0x0C;
  if (!portuguese() && !plain && command.p1 != 0x04) return {{}, 0x6A86};
  Answer answer = files_.select(command);
  if (answer.sw == kOk && is("mse-outside", "6A82") && !selected()) signing_ = {};
  return answer;
}

bool Soma::selected() { return files_.current_directory().id == kSignatureDirectory; }

Answer Soma::verify(const Command& command) {
  if (command.p1 != 0x00) return {{}, 0x6A86};
  const bool is_puk = portuguese() && command.p2 == kPuk;
  if (command.p2 != kPin && !is_puk) return {{}, 0x6A88};
  if (is("pin-scope", "mf") && files_.current_directory().parent != nullptr) return {{}, 0x6A88};
  iso::Pin& pin = is_puk ? puk_ : pin_;
  if (command.data.empty()) {
    if (is("empty-verify", "refused")) return {{}, 0x6700};
    if (is("empty-verify", "status")) return {{}, pin_status(command.p2, pin)};
  } else if (command.data.size() != kPinLength) {
    return {{}, 0x6700};
  }
  return {{}, check_pin(command.p2, pin, command.data)};
}

Bytes* Soma::container(std::uint8_t number) {
  const std::size_t index = static_cast<std::size_t>(number & ~kLocalKey) - kFirstContainer;
  return index < std::stoul(setting("containers")) ? &keys_[index] : nullptr;
}

/// `46 02 00`, A4 with the key reference: a new pair, whatever was there.
Answer Soma::generate(const Command& command) {
  if (command.p1p2() != 0x0200) return {{}, 0x6A86};
  if (!selected()) return {{}, 0x6A82};
  const auto outer = iso::read_tlvs(command.data);
  const auto crt = outer ? iso::find(*outer, 0xA4) : std::nullopt;
  const auto inner = crt ? iso::read_tlvs(*crt) : std::nullopt;
  const auto reference = inner ? iso::find(*inner, 0x84) : std::nullopt;
  if (!reference || reference->size() != 1 || ((*reference)[0] & kLocalKey) == 0)
    return {{}, 0x6A80};
  Bytes* key = container((*reference)[0]);
  const bool absent = key == nullptr || (key->empty() && is("empty-generate", "6900"));
  if (absent && is("check-order", "key")) return {{}, 0x6900};
  if (!verified(kPin)) return {{}, 0x6982};
  if (absent || key == nullptr) return {{}, 0x6900};
  about_to_write();
  key->clear();
  Bytes made = iso::make_rsa(2048);
  about_to_write();
  *key = std::move(made);
  return {};
}

/// `CB 3F FF`: 4D names the object FF A0 0n and, in it, what is wanted of 7F49.
Answer Soma::get_data(const Command& command) {
  if (command.p1p2() != 0x3FFF) return {{}, 0x6A86};
  if (!selected()) return {{}, 0x6A82};
  const Bytes& data = command.data;
  constexpr std::size_t kNumberAt = 4;
  if (data.size() < 6 || data[0] != 0x4D || data[1] != data.size() - 2 || data[2] != 0xFF ||
      data[3] != 0xA0)
    return {{}, 0x6A80};
  const Bytes wanted(data.begin() + kNumberAt + 1, data.end());
  const bool modulus_only = wanted == Bytes{0x05, 0x7F, 0x49, 0x02, 0x81, 0x00};
  const bool everything = portuguese() && wanted == Bytes{0x80};
  if (!modulus_only && !everything) return {{}, 0x6A80};
  const Bytes* key = container(data[kNumberAt]);
  if (key == nullptr) return {{}, 0x6A82};
  Bytes contents;
  if (!key->empty()) {
    const iso::RsaPublic half = iso::public_half(*key);
    contents = tlv(0x81, half.modulus);
    if (everything) contents = iso::join({contents, tlv(0x82, half.exponent)});
  } else if (is("empty-read", "modulus-0")) {
    contents = tlv(0x81, Bytes{});
  } else {
    return {{}, static_cast<unsigned>(std::stoul(setting("empty-read"), nullptr, 16))};
  }
  return {tlv(0xFFA000U | data[kNumberAt], tlv(0x7F49, contents)), kOk};
}

Answer Soma::manage_security_environment(const Command& command) {
  const bool sign = command.p1p2() == 0x41A4, decrypt = command.p1p2() == 0x41B8 && portuguese();
  if (!sign && !decrypt) return {{}, 0x6A86};
  if (is("mse-outside", "6A82") && !selected()) return {{}, 0x6A82};
  const auto row = iso::read_tlvs(command.data);
  if (!row) return {{}, 0x6A80};
  const auto usage = iso::find(*row, 0x95), key = iso::find(*row, 0x84),
             algorithm = iso::find(*row, 0x80);
  const std::uint8_t known = sign ? 0x02 : 0x1A;
  if (usage != Bytes{0x40} || !key || key->size() != 1 || algorithm != Bytes{known})
    return {{}, 0x6A80};
  (sign ? signing_ : deciphering_) = Environment{(*key)[0], (*algorithm)[0]};
  return {};
}

unsigned Soma::usable(std::uint8_t number) {
  const Bytes* key = container(number);
  const bool absent = key == nullptr || key->empty() || (number & kLocalKey) == 0;
  if (absent && is("check-order", "key")) return 0x6A82;
  if (!verified(kPin)) return 0x6982;
  return absent ? 0x6A82 : kOk;
}

/// `88 02 00`: the caller's DigestInfo, padded by the card.
Answer Soma::internal_authenticate(const Command& command) {
  if (command.p1p2() != 0x0200) return {{}, 0x6A86};
  if (!selected()) return {{}, 0x6A82};
  if (signing_.key == 0) return {{}, 0x6985};
  const unsigned state = usable(signing_.key);
  if (state != kOk) return {{}, state};
  if (command.data.empty()) return {{}, 0x6700};
  if (command.data.size() > std::stoul(setting("digest-info"))) return {{}, 0x6A80};
  const auto signature = iso::rsa_sign(*container(signing_.key), command.data);
  return signature ? Answer{*signature, kOk} : Answer{{}, 0x6A80};
}

}  // namespace kilt::vtoken::idcard
