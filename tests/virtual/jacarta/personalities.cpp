// What a new card holds: nothing but a transport PIN, or the files that Aladdin's or Athena's
// software leaves after formatting.
#include <algorithm>

#include "tests/virtual/jacarta/attributes.h"
#include "tests/virtual/jacarta/laser.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

constexpr const char* kTransport = "000000FF00FF0010000000000000";
constexpr const char* kFolder = "0010001000FF001000000010";
constexpr const char* kSharedFolder = "0030003000FF0030000000FF";

/// A text field, filled with spaces.
void field(Bytes& to, const std::string& characters, std::size_t size) {
  Bytes bytes = text_bytes(characters);
  bytes.resize(size, ' ');
  append(to, bytes);
}

Bytes token_info(bool athena, const Bytes& serial) {
  Bytes info;
  field(info, athena ? "IDProtect" : "JaCarta PKI", 32);
  field(info, athena ? "Athena Smartcard Solutions" : "Aladdin R.D.", 32);
  field(info, athena ? "IDProtect" : "JaCarta PKI", 16);
  append(info, text_bytes(hex(serial)));
  append(info, unhex(athena ? "0D040000" : "0C000000"));  // CKF_ flags, little-endian
  append(info, Bytes(16, 0));                             // session counters
  append(info, unhex(athena ? "1000000004000000" : "0A00000004000000"));  // PIN lengths
  append(info, unhex("FFFFFFFF00000000FFFFFFFF0000000001000100"));
  append(info, athena ? Bytes(16, 0) : text_bytes("20260101000000Z "));
  info.push_back(0x00);
  return info;
}

/// Policy of the PINs, biometric settings: objects with a two-byte tag.
Bytes settings(bool athena) {
  const std::string zeros(126, '0');
  return unhex(athena ? "02C007 00000A000F0001 02C20A 00041000000000000000 "
                        "02C30A 00041000000000000000 02C10100 02C50400000000 02C60400000000 "
                        "02C80100 02C90133 02CA04000346DC 02CB0101 02CC0100 02CD0100 02CF0100 "
                        "02D102FFFF 02D202FFFF 02D33F" +
                            zeros + "02D50100 02D60101 02D70100"
                      : "02C007 00000A000A0001 02C10100 02C20A 00041000000000000000 "
                        "02C30A 00041000000000000000 02C50400000000 02C60400000000 "
                        "02C80100 02C90133 02CA04000346DC 02CB0100 02CC0100 02CD0100 02CF0100 "
                        "02D1021010 02D2021010 02D33F" +
                            zeros + "02D50100 02D60101 02D70100");
}

}  // namespace

File* Laser::add(File* parent, Type type, std::uint16_t id, const char* name, const char* access,
                 Bytes body) {
  auto file = std::make_unique<File>();
  file->type = type;
  file->id = id;
  file->name = text_bytes(name);
  file->access = unhex(access);
  file->size = static_cast<std::uint16_t>(body.size());
  file->body = std::move(body);
  return parent->add(std::move(file));
}

void Laser::add_pin(std::uint16_t id, const std::string& value, const char* access,
                    const char* properties) {
  constexpr std::uint16_t kMaxPin = 16;
  File* pin = add(master_.get(), Type::kKo, id, "", access);
  pin->size = kMaxPin;
  pin->properties = unhex(properties);
  Bytes object;
  append_tlv(object, 0x81, text_bytes(value));
  if (set_pin(*pin, object) != kOk)
    pin->body = text_bytes(value);  // the owner's wish beats the policy
}

void Laser::add_logic(std::uint16_t id, const char* expression) {
  File* logic = add(master_.get(), Type::kKo, id, "", kTransport, unhex(expression));
  logic->properties = unhex("00010F0000");
}

void Laser::personalise() {
  reset();
  master_ = std::make_unique<File>();
  master_->type = Type::kDf;
  master_->id = 0x3F00;
  const std::string rule = is("mf-rules", "open") ? "0000" : is("mf-rules", "so") ? "0010" : "00FF";
  master_->access = unhex(rule + rule + "00000000" + "00000000");
  // What a factory card holds is not public but for this PIN.
  add_pin(0x0001, "1234", "000000FF00FF00FF000000000000", "8001000030041000000000 00FFFF");
  if (is("state", "formatted")) format();
  if (is("state", "filled")) {
    format();
    add_samples();
  }
}

void Laser::format() {
  const bool athena = is("personality", "athena");
  File* mf = master_.get();
  const auto ef = Type::kEf;
  const auto df = Type::kDf;
  add_pin(0x0010, switches_.at("so-pin"), "00FF001000FF001000FF00FF0000",
          athena ? "C0010000F3041000000000 00FFFF" : "C0010000AA041000000000001010");
  add_pin(0x0020, switches_.at("user-pin"),
          athena ? "00FFC03000FF001000FF00100000" : "00FF003000FF001000FF00100000",
          athena ? "C0010000A0041000000000 00FFFF" : "C0010000AA041000000000001010");
  add_pin(0x0002, "LASER+", kTransport, "8001000030041000000000 00FFFF");
  add(mf, ef, 0x1000, "Verification", "0000000000000000", {0x01});
  add_logic(0x0035, "E30A 89020010 89020020 8800");
  add_logic(0x0030,
            athena ? "E310 89020010 89020020 89020023 8800 8800" : "E30A 89020010 89020020 8800");
  add_logic(0x0032, "E310 89020010 89020020 89020002 8800 8800");

  File* pkcs = add(mf, df, 0x3000, "ASEPKCS", kFolder);
  File* open = add(pkcs, df, 0x3001, "PUBLIC", "0000000000FF001000000010");
  add(pkcs, df, 0x3002, "PRIVATE", "0020002000FF001000000010");
  File* md = add(pkcs, df, 0x3003, "MD", kSharedFolder);
  add(pkcs, ef, 0xB000, "UserHist", "0030003000300030", Bytes(26, 0));
  add(pkcs, ef, 0xC000, "TokenInfo", "0000003000300030", token_info(athena, serial_));
  add(pkcs, ef, 0xEEED, "EEED", "0000003000FF0030", unhex("02D00164"));
  add(pkcs, ef, 0xEEEE, "EEEE", "0000001000FF0010", settings(athena));
  add(pkcs, ef, 0xEEEF, "EEEF", "0000003000FF0030", unhex("02C40100 02C7083230323630313031"));
  add(open, ef, 0x867F, "cmapfile", "0000003000300030", cmapfile(athena));
  Bytes card_id = be16(16);
  append(card_id, text_bytes(athena ? "ATHENASN" : "ALDNSN"));
  append(card_id, serial_);
  card_id.resize(18);
  add(md, ef, 0x4000, "cardid", "0000001000FF0010", card_id);
  add(md, ef, 0x4001, "cardcf", "0000003200FF0032", unhex("0006000301000100"));
  add(md, ef, 0x4002, "cardapps", "0000003000FF0030", unhex("00086D73637000000000"));
  add(md, df, 0x3005, "mscp", kSharedFolder);
}

}  // namespace kilt::vtoken::jacarta
