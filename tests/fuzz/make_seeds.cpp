// Usage: make_seeds FOLDER
//
// Writes seeds for the fuzz targets: FOLDER/tlv, FOLDER/atr, and for each kind of virtual token
// that can be made ready FOLDER/KIND with what it answered to a driver.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "drivers/pkcs15/encode.h"
#include "tests/support/driver_rig.h"
#include "tests/support/fuzz_driver.h"

using namespace kilt;  // NOLINT(google-build-using-namespace)

namespace {

void write(const std::filesystem::path& folder, const std::string& name, const Bytes& bytes) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / name, std::ios::binary) << to_text(bytes);
}

void write_all(const std::filesystem::path& folder, const std::vector<Bytes>& seeds) {
  for (std::size_t i = 0; i < seeds.size(); ++i) write(folder, std::to_string(i), seeds[i]);
}

std::vector<Bytes> tlv_seeds() {
  pkcs15::KeyEntry rsa;
  rsa.common = {"key", true, true, {2}};
  rsa.id = {0x45};
  rsa.usage = 0x204;
  rsa.access = 0x1D;
  rsa.reference = 1;
  rsa.modulus_bits = 2048;
  rsa.path.file = from_hex("3F0010001000600200 01");
  pkcs15::KeyEntry ec = rsa, gost = rsa;
  ec.type = KeyType::kEc;
  ec.ec_parameters = from_hex("06082A8648CE3D030107");
  gost.type = KeyType::kGost256;
  gost.gost_parameters = 3;
  pkcs15::CertificateEntry certificate;
  certificate.id = {1};
  certificate.authority = true;
  certificate.path = {from_hex("3F0050000300"), 0, 500};
  pkcs15::DataEntry data;
  data.application = "app";
  data.oid = from_hex("06032A0304");
  pkcs15::PinEntry pin;
  pin.auth_id = {2};
  pin.flags = 0x19;
  pin.pad = 0;
  pkcs15::TokenInfoEntry info;
  info.label = "label";
  info.last_update = "20260101000000Z";
  Bytes odf;
  for (const int kind : {0, 1, 4, 7, 8})
    append(odf, pkcs15::encode_odf({static_cast<pkcs15::DirectoryKind>(kind),
                                    {from_hex("3F0050006001"), {}, {}}}));
  return {
      pkcs15::encode_key(rsa, true),
      pkcs15::encode_key(ec, true),
      pkcs15::encode_key(gost, false),
      pkcs15::encode_certificate(certificate),
      pkcs15::encode_data(data),
      pkcs15::encode_pin(pin),
      pkcs15::encode_token_info(info),
      odf,
      pkcs15::encode_public_key(RsaPublicKey{Bytes(64, 0x91), {1, 0, 1}}),
      pkcs15::encode_public_key(GostPublicKey{{}, {}, Bytes(64, 7)}),
      from_hex("6F258002014882021000830200018506230000AA0000860F460002020000000200000000000000"),
      from_hex("62248002000081020000820238008302 3F008A0105860F47020201000000FF00000000000000"),
      from_hex("9F8101820003AABBCC"),
      from_hex("01FF0003AABBCC"),
      from_hex("3080"),
      from_hex("84FFFFFFFF"),
  };
}

std::vector<Bytes> atr_seeds() {
  std::vector<Bytes> seeds;
  const ProfileSet profiles = ProfileSet::builtin();
  for (const Profile& profile : profiles.all())
    for (const AtrPattern& pattern : profile.atrs) seeds.push_back(pattern.value);
  for (const char* text : {"3B00", "3F00", "3B8080", "3BFFFFFFFFFF", "3B0F41"})
    seeds.push_back(from_hex(text));
  return seeds;
}

void put_block(Bytes& out, const Bytes& block) {
  if (block.size() < 255) {
    out.push_back(static_cast<Byte>(block.size()));
  } else {
    out.push_back(255);
    append(out, write_be(block.size(), 2));
  }
  append(out, block);
}

/// Notes what a card answers.
class Recorder : public apdu::CardEndpoint {
 public:
  explicit Recorder(std::shared_ptr<apdu::CardEndpoint> card) : card_(std::move(card)) {}
  [[nodiscard]] Bytes atr() const override { return card_->atr(); }
  void reset() override { card_->reset(); }
  Bytes transmit(BytesView command) override {
    Bytes answer = card_->transmit(command);
    put_block(answers, answer);
    return answer;
  }
  Bytes answers;

 private:
  std::shared_ptr<apdu::CardEndpoint> card_;
};

/// A recording of use_token(what) on a card.
Bytes record(const std::shared_ptr<apdu::CardEndpoint>& card, Byte what) {
  const auto recorder = std::make_shared<Recorder>(card);
  apdu::MemoryTransport readers;
  readers.add_reader("r");
  readers.insert("r", recorder);
  apdu::Card connected(readers.connect("r"));
  card->reset();
  const auto token = open_token(connected, ProfileSet::builtin());
  test::use_token(*token, what);
  Bytes seed;
  put_block(seed, card->atr());
  seed.push_back(what);
  append(seed, recorder->answers);
  return seed;
}

std::vector<Bytes> token_seeds(const std::string& kind) {
  test::DriverRig rig(kind);
  Token& token = rig.open();
  FormatRequest format;
  format.label = "Seed";
  format.so_pin = test::pin("87654321");
  format.user_pin = test::pin("12345678");
  std::vector<Bytes> seeds;
  seeds.push_back(record(rig.virtual_card, 0x01));
  token.format(format);
  token.login(PinRole::kUser, test::pin("12345678"));
  KeySpec spec;
  spec.bits = 1024;
  spec.label = "key";
  (void)token.generate_key(spec);
  DataObject data;
  data.label = "data";
  (void)token.write_data(data, Bytes(20, 1));
  for (const Byte what : Bytes{0x00, 0x01, 0x05, 0x26, 0x09, 0x13})
    seeds.push_back(record(rig.virtual_card, what));
  return seeds;
}

/// Of tokens that come with keys from their maker, and are not formatted: the PIN is set past the
/// card's commands.
void write_etoken_seeds(const std::filesystem::path& folder) {
  struct Ready {
    const char *kind, *key, *value, *target;
  };
  for (const Ready& ready : {Ready{"etoken-legacy", "rsa-bits", "1024", "etoken_applet"},
                             Ready{"etoken-current", "list-page", "3", "etoken_applet"},
                             Ready{"idprime", "keys", "rsa-1024,p-256", "idprime"},
                             Ready{"cardos", "layout", "native", "cardos"}}) {
    test::DriverRig rig(ready.kind);
    rig.virtual_card->card().set(ready.key, ready.value);
    // CardOS has no such switch: its seeds go on without a login.
    if (std::string(ready.kind) != "cardos") rig.virtual_card->card().set("pin", "12345678");
    for (const Byte what : Bytes{0x00, 0x05, 0x13})
      write(folder / ready.target, std::string(ready.kind) + "-" + std::to_string(what),
            record(rig.virtual_card, what));
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_seeds FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder(argv[1]);
  write_all(folder / "tlv", tlv_seeds());
  write_all(folder / "atr", atr_seeds());
  write_etoken_seeds(folder);
  for (const auto& kind : vtoken::kinds()) {
    const std::string name = kind.name;
    if (name.starts_with("etoken-") || name == "idprime") continue;
    try {
      write_all(folder / kind.name, token_seeds(kind.name));
    } catch (const Error& error) {
      std::fprintf(stderr, "%s: %s\n", kind.name, error.what());
    }
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "make_seeds: %s\n", error.what());
  return 1;
}
