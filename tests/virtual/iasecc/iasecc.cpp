#include "tests/virtual/iasecc/iasecc.h"

#include <openssl/rand.h>

#include "tests/virtual/iso7816/certificate.h"
#include "tests/virtual/iso7816/pkcs15.h"
#include "tests/virtual/iso7816/rsa.h"
#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::iasecc {
namespace {

using namespace iso::pkcs15;
using iso::Answer;
using iso::Command;
using iso::File;
using iso::tlv;

constexpr std::uint8_t kFilled = 2;  ///< AUTH 01, SIGN 02; 03 and 04 are free
constexpr std::uint16_t kApplication = 0x5015, kPins = 0x4401, kPrivateKeys = 0x4402,
                        kCertificates = 0x4404, kCertificateFiles = 0x4300;
const Bytes kPinId{0x01}, kPukId{0x02};

iso::pkcs15::Path path(std::uint16_t file) {
  return {{0x3F, 0x00, kApplication >> 8, kApplication & 0xFF, static_cast<std::uint8_t>(file >> 8),
           static_cast<std::uint8_t>(file)},
          {},
          {}};
}

/// EF.ATR: services, the chip (made up), the root's name, buffer sizes.
Bytes ef_atr(const Bytes& root) {
  const Bytes sizes = iso::unhex("02020104020201040202010002020100");
  return iso::join({tlv(0x43, {0xB8}), tlv(0x46, iso::unhex("00000001")),
                    tlv(0x47, iso::unhex("940180")), tlv(0x4F, root), tlv(0xE0, sizes),
                    tlv(0x82, iso::unhex("9000"))});
}

}  // namespace

IasEcc::IasEcc()
    : IsoCard("iasecc",
              {
                  {"protocol", {"t1", "t0"}, "T=1, or T=0 with 61xx and 6Cxx"},
                  {"aid", {"15", "16"}, "the root's name in 15 or 16 bytes", true},
                  {"pkcs15-aid", {"yes", "no"}, "the application answers to PKCS#15's name", true},
                  {"pin", {"123456"}, "the user PIN", true},
                  {"puk", {"65432100"}, "the PUK", true},
                  {"tries", {"3", "5"}, "of the PIN", true},
                  {"pin-pad", {"none", "00", "FF"}, "filler of a PIN stored in 8 bytes", true},
                  {"sign",
                   {"both", "internal", "hash"},
                   "INTERNAL AUTHENTICATE of a DigestInfo, PSO of a hash"},
              }) {
  files_.speak_ias();
}

Bytes IasEcc::atr() const {
  const Bytes history = iso::text("IASSIM");
  if (is("protocol", "t0")) return iso::join({{0x3B, 0x06}, history});
  Bytes atr = iso::join({{0x3B, 0x86, 0x01}, history});
  std::uint8_t check = 0;
  for (std::size_t i = 1; i < atr.size(); ++i) check ^= atr[i];
  atr.push_back(check);
  return atr;
}

iso::Manners IasEcc::manners() const {
  return {.t0 = is("protocol", "t0"),
          .extended = false,
          .chaining = true,
          .exact_le = true,
          .silent_rest = false};
}

void IasEcc::power_up() {
  files_.power_up();
  environment_.clear();
  hash_.clear();
}

void IasEcc::personalise() {
  serial_.resize(8);
  RAND_bytes(serial_.data(), static_cast<int>(serial_.size()));
  for (std::uint8_t& byte : serial_) byte &= 0x77;  // decimal digits
  pin_.value = block(setting("pin"));
  pin_.tries = pin_.max = static_cast<unsigned>(std::stoul(setting("tries")));
  puk_.value = block(setting("puk"));
  for (std::uint8_t number = 1; number <= kFilled; ++number) keys_[number] = iso::make_rsa(2048);
  make_files();
}

void IasEcc::make_files() {
  files_.clear();
  File& master = files_.master();
  master.name = iso::unhex(is("aid", "15") ? "A0000000770108000700FE00000100"
                                           : "A000000077010800070000FE00000100");
  const Bytes pkcs15_name = iso::unhex("A000000063504B43532D3135");
  const auto add = [&](std::uint16_t id, std::uint8_t sfi, const Bytes& contents) {
    master.add_file(id, contents).sfi = sfi;
  };
  add(0x2F01, 0x1D, ef_atr(master.name));
  add(0x2F00, 0x1E,
      tlv(0x61, {tlv(0x4F, pkcs15_name), tlv(0x50, iso::text("IASSIM")),
                 tlv(0x51, iso::unhex("3F005015"))}));
  add(0xD003, 0x1C, tlv(0x5A, iso::join({iso::unhex("9250"), serial_})));
  make_application(
      master.add_directory(kApplication, is("pkcs15-aid", "yes") ? pkcs15_name : Bytes()));
}

void IasEcc::make_application(File& application) {
  const auto& authority = iso::CertificateAuthority::here();
  PinObject pin;
  pin.label = "User PIN";
  pin.id = kPinId;
  pin.unblocked_by = kPukId;
  pin.flags = {0, 4};
  pin.min = 4;
  pin.stored = pin.max = 8;
  pin.reference = 0x01;
  if (!is("pin-pad", "none")) {
    pin.flags.push_back(5);
    pin.filler = iso::unhex(setting("pin-pad"))[0];
  }
  PinObject puk = pin;
  puk.label = "PUK";
  puk.id = kPukId;
  puk.unblocked_by.clear();
  puk.flags.push_back(6);
  puk.reference = 0x02;
  application.add_file(kPins, iso::join({encode(pin), encode(puk)}));

  Bytes keys, certificates;
  for (const auto& [number, key] : keys_) {
    const bool first = number == 1;
    KeyObject object;
    object.label = first ? "AUTH key" : "SIGN key";
    object.id = iso::key_identifier(key);
    object.authentication = kPinId;
    object.usage = first ? bits({1, 2, 5}) : bits({2, 9});
    object.reference = integer(number);
    object.algorithms = first ? std::vector<unsigned>{1, 2} : std::vector<unsigned>{1};
    object.path = path(kApplication);
    object.path.file.resize(4);
    keys = iso::join({keys, encode_private(object)});
    const auto id = static_cast<std::uint16_t>(kCertificateFiles + number);
    using iso::KeyRole;
    application.add_file(
        id, authority.issue(key, first ? KeyRole::kAuthentication : KeyRole::kSignature,
                            "1.2.398.3.3.5.2.6"));
    certificates = iso::join(
        {certificates, encode(CertificateObject{first ? "AUTH certificate" : "SIGN certificate",
                                                object.id, false, path(id)})});
  }
  application.add_file(kPrivateKeys, keys, iso::Rule::kPin);
  application.add_file(kCertificates, certificates, iso::Rule::kPin);
  application.add_file(
      0x5031, iso::join({tlv(0xA8, encode(path(kPins))), tlv(0xA0, encode(path(kPrivateKeys))),
                         tlv(0xA4, encode(path(kCertificates)))}));
  // RSA PKCS#1 v1.5: signature 02, decipherment 0A
  application.add_file(
      0x5032,
      encode(TokenInfo{
          serial_, "Kilt project", "IASSIM", {{1, bits({1}), 0x02}, {1, bits({5}), 0x0A}}}));
}

void IasEcc::save_contents(nlohmann::json& state) const {
  state["serial"] = iso::hex(serial_);
  state["pin"] = pin_.save();
  state["puk"] = puk_.save();
  state["keys"] = nlohmann::json::object();
  for (const auto& [number, key] : keys_) state["keys"][std::to_string(number)] = iso::hex(key);
  state["files"] = files_.save();
}

void IasEcc::load_contents(const nlohmann::json& state) {
  serial_ = iso::unhex(state.at("serial").get<std::string>());
  pin_.load(state.at("pin"));
  puk_.load(state.at("puk"));
  keys_.clear();
  for (const auto& [number, key] : state.at("keys").items())
    keys_[static_cast<std::uint8_t>(std::stoul(number))] = iso::unhex(key.get<std::string>());
  files_.load(state.at("files"));
}

Answer IasEcc::process(const Command& command) {
  if ((command.cla & ~0x10) != 0x00) return {{}, 0x6E00};
  switch (command.ins) {
    case 0x20:
      return verify(command);
    case 0x22:
      return manage_security_environment(command);
    case 0x24:
      return change_reference_data(command);
    case 0x2A:
      return perform_security_operation(command);
    case 0x2C:
      return reset_retry_counter(command);
    case 0x47:
      return generate(command);
    case 0x88:
      return internal_authenticate(command);
    case 0xA4:
      return files_.select(command);
    case 0xB0:
      return files_.read_binary(command, verified(0x01), is("protocol", "t0"));
    case 0xCB:
      return get_data(command);
    case 0xD6:
      return files_.update_binary(command, verified(0x01), [&] { about_to_write(); });
    case 0xDB:
      return put_data(command);
    default:
      return {{}, 0x6D00};
  }
}

}  // namespace kilt::vtoken::iasecc
