// Usage: make_seeds FOLDER
//
// Writes seeds for the fuzz targets: FOLDER/tlv, FOLDER/atr, for each family FOLDER/TARGET with
// whole dialogues of its virtual tokens (a listing, keys used, objects written, PINs and format),
// and signed PDFs for FOLDER/cms, by the certificate that make_document_seeds made.
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "drivers/crypto/gost.h"
#include "drivers/crypto/spki.h"
#include "drivers/pkcs15/encode.h"
#include "tests/fuzz/fixed_keys.h"
#include "tests/support/dialogue.h"
#include "tests/support/fuzz_driver.h"
#include "tests/support/paths.h"
#include "tests/support/ready_token.h"
#include "tools/signing/cades.h"
#include "tools/signing/pdf.h"
#include "tools/x509/gost_algorithm.h"

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
      crypto::encode_public_key(RsaPublicKey{Bytes(64, 0x91), {1, 0, 1}}),
      crypto::encode_public_key(GostPublicKey{{}, {}, Bytes(64, 7)}),
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

/// Notes what a card is asked and what it answers.
class Recorder : public test::CardEndpoint {
 public:
  explicit Recorder(std::shared_ptr<test::CardEndpoint> card) : card_(std::move(card)) {}
  [[nodiscard]] Bytes atr() const override { return card_->atr(); }
  void reset() override { card_->reset(); }
  Bytes transmit(BytesView command) override {
    Bytes answer = card_->transmit(command);
    dialogue.exchanges.push_back({to_bytes(command), answer});
    return answer;
  }
  test::Dialogue dialogue;

 private:
  std::shared_ptr<test::CardEndpoint> card_;
};

/// A recording of use_token(what) on a card.
Bytes record(const std::shared_ptr<test::CardEndpoint>& card, Byte what, const std::string& pin) {
  const auto recorder = std::make_shared<Recorder>(card);
  recorder->dialogue.atr = card->atr();
  recorder->dialogue.what = what;
  test::MemoryTransport readers;
  readers.add_reader("r");
  readers.insert("r", recorder);
  apdu::Card connected(readers.connect("r"));
  card->reset();
  const auto token = open_token(connected, ProfileSet::builtin());
  test::use_token(*token, what, pin);
  return recorder->dialogue.encode();
}

/// Which virtual tokens a target's recordings are made of.
struct Recorded {
  const char* target;
  test::Family family;
  std::vector<std::pair<const char*, const char*>> settings;
};

void write_dialogues(const std::filesystem::path& folder) {
  struct Part {
    const char* name;
    Byte what;
  };
  const Recorded recorded[]{
      {"kaztoken", test::family_of("kaztoken"), {}},
      {"kaztoken", {"kaztoken", "12345678"}, {{"layout", "vendor"}}},
      {"jacarta_card", test::family_of("jacarta"), {}},
      {"etoken_applet", test::family_of("etoken-legacy"), {{"rsa-bits", "1024"}}},
      {"etoken_applet", test::family_of("etoken-current"), {{"list-page", "3"}}},
      {"idprime", test::family_of("idprime"), {{"keys", "rsa-1024,p-256"}}},
      {"idprime", test::family_of("idprime"), {{"model", "840"}, {"keys", "rsa-1024"}}},
      {"cardos", test::family_of("cardos"), {}},
      {"cardos", {"cardos", "1234567890"}, {{"layout", "native"}}},
      {"akey", test::family_of("akey"), {}},
      {"idcard", test::family_of("idcard"), {}},
  };
  for (const Recorded& one : recorded)
    for (const Part& part :
         {Part{"list", 0x01}, Part{"use", 0x05}, Part{"write", 0x2B}, Part{"manage", 0x13}}) {
      std::shared_ptr<test::CardEndpoint> card;
      if (one.family.bare) {
        card = test::ready_token(one.family, 2);
      } else {
        auto made = vtoken::make_card(one.family.kind);
        for (const auto& [key, value] : one.settings) made->set(key, value);
        card = std::make_shared<test::VirtualEndpoint>(std::move(made));
      }
      std::string name = one.family.kind;
      for (const auto& [key, value] : one.settings) name += "-" + std::string(value);
      write(folder / one.target, name + "-" + part.name, record(card, part.what, one.family.pin));
    }
}

std::string pdf_with(const std::string& text) {
  const std::string objects[]{
      "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R >>",
      "<< /Length " + std::to_string(text.size()) + " >>\nstream\n" + text + "\nendstream"};
  std::string file = "%PDF-1.7\n", table = "0000000000 65535 f \n";
  for (std::size_t i = 0; i < std::size(objects); ++i) {
    const std::string at = std::to_string(file.size());
    table += std::string(10 - at.size(), '0') + at + " 00000 n \n";
    file += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
  }
  const std::string start = std::to_string(file.size());
  return file + "xref\n0 5\n" + table + "trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n" + start +
         "\n%%EOF\n";
}

/// By the fixed key of 512 bits; the long gap of a signature is what most of it is.
void write_pdfs(const std::filesystem::path& folder) {
  const auto key = fuzz::fixed_key(true);
  const Bytes info = crypto::public_key_info(key->public_key());
  const tool::GostAlgorithm names = tool::gost_algorithm(info);
  tool::Suite suite;
  suite.digest_oid = names.digest_oid;
  suite.signature_oid = names.signature_oid;
  suite.digest = [&](BytesView data) { return tool::plain(crypto::digest(names.hash, data)); };
  suite.sign = [&](BytesView data) {
    return tool::plain(crypto::kazakh_signature(key->sign(crypto::digest(names.hash, data))));
  };
  std::ifstream file(std::string(test::paths::data()) + "/fuzz/signer.cer", std::ios::binary);
  const std::string read{std::istreambuf_iterator<char>(file), {}};
  const tool::Bytes certificate = tool::to_bytes(read);
  const auto sign = [&](const tool::Bytes& pdf) {
    return tool::sign_pdf(pdf, "OWNER", std::time(nullptr), [&](BytesView content) {
      return tool::make_cades(suite, certificate, {content, false, false, 0});
    });
  };
  const auto keep = [&](const char* name, const tool::Bytes& pdf) {
    Bytes seed{5};
    append(seed, pdf);
    write(folder / "cms", name, seed);
  };
  const tool::Bytes plain = tool::to_bytes(pdf_with("BT (I owe you 100 tenge) Tj ET"));
  keep("pdf-plain", plain);
  keep("pdf-signed", sign(plain));
  keep("pdf-twice", sign(sign(plain)));
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
  write_dialogues(folder);
  write_pdfs(folder);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "make_seeds: %s\n", error.what());
  return 1;
}
