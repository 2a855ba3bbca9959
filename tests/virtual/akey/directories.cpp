// What AKEYSIM's PKCS#15 files say, in each of its variants.
#include "tests/virtual/akey/akeysim.h"
#include "tests/virtual/akey/layout.h"
#include "tests/virtual/iso7816/certificate.h"
#include "tests/virtual/iso7816/rsa.h"
#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::akey {
namespace {

using namespace iso::pkcs15;
using iso::tlv;

constexpr const char* kStorage = "1.2.398.3.3.5.2.6";
constexpr std::size_t kCertificateSize = 2048;
const Bytes kPinId{0x01}, kPukId{0x02};

Bytes two(std::uint16_t id) {
  return {static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
}

const char* key_label(unsigned number) { return number == 1 ? "AUTH key" : "SIGN key"; }

/// RSAPublicKey.
Bytes public_value(const Bytes& key) {
  const iso::RsaPublic half = iso::public_half(key);
  return tlv(0x30, {tlv(0x02, iso::join({{0x00}, half.modulus})), tlv(0x02, half.exponent)});
}

Bytes usage(unsigned number) { return number == 1 ? bits({1, 2, 5}) : bits({2, 9}); }

}  // namespace

Path AkeySim::path(std::uint16_t file) const {
  const Bytes folder = iso::unhex(setting("df"));
  if (is("paths", "relative")) return {two(file), {}, {}};
  if (is("paths", "aid")) return {two(file), pkcs15_name(), {}};
  return {iso::join({{0x3F, 0x00}, folder, two(file)}), {}, {}};
}

Bytes AkeySim::object_id(unsigned number) const {
  return is("ids", "ski") ? iso::key_identifier(keys_.at(number))
                          : Bytes{static_cast<std::uint8_t>(number + 0x44)};
}

Bytes AkeySim::with_padding(Bytes contents) const {
  constexpr std::size_t kRoom = 512;
  if (!is("padding", "none"))
    contents.resize(contents.size() + kRoom, iso::unhex(setting("padding"))[0]);
  return contents;
}

Bytes AkeySim::authentication_directory() const {
  enum : unsigned { kCase = 0, kLocal = 1, kInitialized = 4, kPadding = 5, kUnblocking = 6 };
  PinObject pin;
  pin.label = "User PIN";
  pin.id = kPinId;
  if (!is("unblock", "none")) pin.unblocked_by = kPukId;
  pin.reference = pin_reference();
  pin.flags = {kInitialized};
  if (is("pin-type", "utf8")) pin.flags.push_back(kCase);
  if (is("pin-scope", "local")) {
    pin.flags.push_back(kLocal);
    pin.path = Path{iso::join({{0x3F, 0x00}, iso::unhex(setting("df"))}), {}, {}};
  }
  pin.stored = 16;
  const std::string& type = setting("pin-type");
  if (type == "bcd") pin.type = 0;
  if (type == "utf8") pin.type = 2;
  if (type == "half-nibble") pin.type = 3;
  if (type == "iso9564") pin.type = 4;
  if (type == "unknown") pin.type = 9;  // no standard has it
  // The standard counts bytes; OpenSC takes it for digits.
  if ((type == "bcd" || type == "iso9564") && is("stored-length", "bytes")) pin.stored = 8;
  if (type == "iso9564") pin.max = 12;
  if (!is("pin-pad", "none")) {
    pin.flags.push_back(kPadding);
    pin.filler = iso::unhex(setting("pin-pad"))[0];
  }
  PinObject puk = pin;
  puk.label = "PUK";
  puk.id = kPukId;
  puk.unblocked_by.clear();
  puk.reference = puk_reference();
  puk.flags.push_back(kUnblocking);
  Bytes all = encode(pin);
  if (!is("unblock", "none")) all = iso::join({all, encode(puk)});
  if (is("user-pins", "2")) {
    PinObject second = pin;
    second.label = "Signature PIN";
    second.id = {0x77};
    second.reference = 0x07;
    all = iso::join({all, encode(second)});
  }
  return all;
}

Bytes AkeySim::private_directory() const {
  Bytes all;
  for (unsigned number = 1; number <= kFilled; ++number) {
    KeyObject key;
    key.label = key_label(number);
    key.id = object_id(number);
    key.authentication = kPinId;
    key.usage = usage(number);
    key.consent = number == 2 && is("consent", "sign");
    const auto reference = static_cast<std::uint8_t>(first_reference() + number - 1);
    // Negative: the byte as it stands, though an INTEGER above 7F wants a zero before it.
    key.reference = is("keys", "negative") ? raw_integer({reference}) : integer(reference);
    key.path = path(static_cast<std::uint16_t>(kKeyFiles + number));
    all = iso::join({all, encode_private(key)});
  }
  return all;
}

Bytes AkeySim::public_directory() const {
  Bytes all;
  for (unsigned number = 1; number <= kFilled; ++number) {
    KeyObject key;
    key.label = key_label(number);
    key.id = object_id(number);
    key.usage = number == 1 ? bits({0, 4, 6}) : bits({6});
    key.path = path(static_cast<std::uint16_t>(kPublicFiles + number));
    all = iso::join({all, encode_public(key)});
  }
  return all;
}

Bytes AkeySim::certificate_directory() const {
  Bytes all;
  std::size_t index = 0;
  for (unsigned number = 1; number <= kFilled; ++number) {
    CertificateObject certificate;
    certificate.label = number == 1 ? "AUTH certificate" : "SIGN certificate";
    certificate.id = object_id(number);
    certificate.path = path(static_cast<std::uint16_t>(kCertificateFiles + number));
    if (is("certificates", "one-file")) {
      certificate.path = path(kOneFile);
      certificate.path.part = {index, kCertificateSize};
      index += kCertificateSize;
    }
    if (is("oddity", "missing-files")) certificate.path = path(kMissing);
    if (is("oddity", "wrong-size")) certificate.path.part = {1000000, 60000};
    all = iso::join({all, encode(certificate)});
  }
  return all;
}

/// The files of the objects themselves.
void AkeySim::make_objects(iso::File& application) {
  const auto number16 = [](unsigned base, unsigned number) {
    return static_cast<std::uint16_t>(base + number);
  };
  const auto& authority = iso::CertificateAuthority::here();
  Bytes together;
  for (unsigned number = 1; number <= kContainers; ++number) {
    Bytes certificate;
    if (keys_.contains(number)) {
      using iso::KeyRole;
      certificate = authority.issue(
          keys_[number], number == 1 ? KeyRole::kAuthentication : KeyRole::kSignature, kStorage);
      application.add_file(number16(kPublicFiles, number), public_value(keys_[number]));
      application.add_file(number16(kKeyFiles, number), {}).read = iso::Rule::kNever;
    }
    if (is("oddity", "broken-certificate")) certificate.resize(certificate.size() / 2);
    const bool exact = is("padding", "none") && !certificate.empty();
    const Bytes filler = is("padding", "none") ? Bytes{0x00} : iso::unhex(setting("padding"));
    if (!exact || is("certificates", "one-file")) certificate.resize(kCertificateSize, filler[0]);
    together = iso::join({together, certificate});
    application.add_file(number16(kCertificateFiles, number), certificate, iso::Rule::kPin);
  }
  if (is("certificates", "one-file")) application.add_file(kOneFile, together, iso::Rule::kPin);
  application.add_file(kAuthorityFile, authority.certificate());
}

void AkeySim::make_directories() {
  files_.clear();
  iso::File& application = files_.master().add_directory(
      static_cast<std::uint16_t>(std::stoul(setting("df"), nullptr, 16)), pkcs15_name());
  make_entry_points();
  make_objects(application);
  const bool keys = !is("oddity", "certificates-only") && !is("oddity", "empty"),
             certificates = !is("oddity", "keys-only") && !is("oddity", "empty");
  Bytes odf = tlv(0xA8, encode(path(kPins)));
  const auto directory = [&](unsigned tag, std::uint16_t id, const Bytes& contents) {
    application.add_file(id, with_padding(contents), iso::Rule::kPin);
    odf = iso::join({odf, tlv(tag, encode(path(id)))});
  };
  application.add_file(kPins, with_padding(authentication_directory()));
  if (keys) directory(0xA0, kPrivateKeys, private_directory());
  if (keys && is("public-keys", "present")) directory(0xA1, kPublicKeys, public_directory());
  if (certificates) {
    directory(0xA4, kCertificates, certificate_directory());
    CertificateObject authority{"CA", {0x10}, true, path(kAuthorityFile)};
    directory(0xA5, kTrusted, encode(authority));
  }
  application.add_file(kOdf, with_padding(odf));
  if (is("token-info", "present"))
    application.add_file(kTokenInfo,
                         with_padding(encode(TokenInfo{
                             serial_, "Kilt project", setting("label"), {{1, bits({1}), 0x02}}})));
  if (is("token-info", "broken")) application.add_file(kTokenInfo, {0x30, 0x7F, 0x02, 0x01});
  add_oddity(application);
  if (is("read", "pin"))
    for (const std::uint16_t id : {kPrivateKeys, kPublicKeys, kCertificates})
      if (iso::File* file = application.child(id)) file->read = iso::Rule::kPin;
}

/// EF.DIR, and by which names the application is found.
void AkeySim::make_entry_points() {
  iso::File& application = *files_.master().children.front();
  if (is("aid", "own")) application.name = own_name();
  if (is("aid", "none")) application.name.clear();
  if (is("ef-dir", "absent")) return;
  Bytes entry = tlv(0x50, iso::text("AKEYSIM"));
  entry = iso::join({tlv(0x4F, is("aid", "own") ? own_name() : pkcs15_name()), entry});
  if (!is("ef-dir", "no-path"))
    entry = iso::join({entry, tlv(0x51, iso::join({{0x3F, 0x00}, iso::unhex(setting("df"))}))});
  files_.master().add_file(kEfDir, with_padding(tlv(0x61, entry)));
}

/// Directories that lie or never end.
void AkeySim::add_oddity(iso::File& application) {
  iso::File& odf = *application.child(kOdf);
  const auto points_to = [&](unsigned tag, std::uint16_t id) { return tlv(tag, encode(path(id))); };
  if (is("oddity", "cycle")) {
    odf.body = iso::join({points_to(0xA0, kOdf), points_to(0xA4, kOdf), points_to(0xA8, kOdf),
                          points_to(0xA4, kCertificates), points_to(0xA4, kCertificates)});
  } else if (is("oddity", "huge")) {
    constexpr unsigned kFiles = 7, kEntries = 1500;
    CertificateObject one{"", {0x00}, false, {two(kCertificateFiles + 1), {}, {}}};
    Bytes contents;
    for (unsigned i = 0; i < kEntries; ++i) {
      one.id[0] = static_cast<std::uint8_t>(i);
      contents = iso::join({contents, encode(one)});
    }
    for (std::uint16_t i = 0; i < kFiles; ++i) {
      const auto id = static_cast<std::uint16_t>(0x4500 + i);
      application.add_file(id, contents);
      odf.body = iso::join({odf.body, points_to(0xA4, id)});
    }
  } else if (is("oddity", "broken-directory")) {
    iso::File& keys = *application.child(kPrivateKeys);
    keys.body = iso::join({iso::unhex("3084FFFFFFFF3082"), keys.body});
  }
}

}  // namespace kilt::vtoken::akey
