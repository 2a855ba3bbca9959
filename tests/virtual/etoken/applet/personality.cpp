// What the token holds when it comes: the state that no published command can make.
#include <algorithm>

#include <openssl/sha.h>

#include "tests/virtual/etoken/applet/applet.h"

namespace kilt::vtoken::etoken {
namespace {

constexpr std::uint8_t kUser = 0x11, kSo = 0x15;
constexpr std::size_t kSaltSize = 20, kStampSize = 16;

// Access bytes as seen on a 5110; where a folder's were never shown, those of its neighbours.
constexpr Acl kFixed{0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
constexpr Acl kMaster{0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
constexpr Acl kToken{0x00, 0xFF, 0x21, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
constexpr Acl kUserWrites{0x00, 0xFF, 0x11, 0x11, 0xFF, 0xFF, 0xFF, 0xFF};
constexpr Acl kSalts{0x00, 0xFF, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
constexpr Acl kKeyFolder{0x00, 0x11, 0x11, 0x11, 0x11, 0xFF, 0xFF, 0xFF};
constexpr Acl kKeyRecord{0x00, 0x11, 0x11, 0x11, 0xFF, 0xFF, 0xFF, 0xFF};
constexpr Acl kOpen{0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF};
constexpr Acl kCertificate{0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
constexpr Acl kPrivate{0x11, 0x11, 0x11, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

const char* const kMessagingSecurity = "00 00 00 00 00 00 00 13 15 12 13 15";

/// Attribute records are fields with a one-byte length.
void put_field(Bytes& target, const Bytes& value) {
  target.push_back(static_cast<std::uint8_t>(value.size()));
  append(target, value);
}

void put_empty_fields(Bytes& target, unsigned count) { target.insert(target.end(), count, 0x00); }

/// 'p11#' and 16 hexadecimal digits.
Bytes container_name() {
  std::string digits = hex(random_bytes(8));
  std::ranges::transform(digits, digits.begin(), [](char letter) {
    return letter >= 'A' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return text("p11#" + digits);
}

const Bytes& p256() {
  static const Bytes oid = unhex("06 08 2A 86 48 CE 3D 03 01 07");
  return oid;
}

Bytes private_record(const Bytes* parameters, const std::string& label, const Bytes& id) {
  Bytes out = unhex("1B 5A FF FF FF FF");
  if (parameters != nullptr) put_field(out, *parameters);
  put_field(out, text(label));
  put_field(out, {});  // subject?
  put_field(out, id);
  put_empty_fields(out, 3);
  put_field(out, container_name());
  return out;
}

Bytes public_record(const KeyPair& key, const std::string& label, const Bytes& id) {
  Bytes out = unhex("10 A5 FF FF FF FF");
  put_field(out, p256());
  const Bytes point = key.point();
  Bytes octets{0x04, static_cast<std::uint8_t>(point.size())};
  append(octets, point);
  put_field(out, octets);
  put_field(out, text(label));
  put_field(out, {});
  put_field(out, id);
  put_empty_fields(out, 3);
  return out;
}

Bytes certificate_record(const std::string& label, const Bytes& id) {
  Bytes out{0x00};
  put_field(out, text(label));
  put_field(out, id);
  put_empty_fields(out, 3);
  return out;
}

void add_certificate(File& objects, std::uint16_t id, const std::string& label, const Bytes& cka_id,
                     const Bytes& der) {
  File* folder = objects.add(FileType::kDf, id, kOpen);
  folder->add(FileType::kEf, 0x0001, kOpen, certificate_record(label, cka_id));
  folder->add(FileType::kEf, 0x0002, kCertificate, der);
}

/// Prime, a, b, order and base point of P-256 (SEC 2), 32 bytes each.
Bytes p256_domain() {
  return unhex(
      "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"
      "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC"
      "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B"
      "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
      "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
      "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5");
}

}  // namespace

File* Applet::salt_file() const { return walk(master_.get(), unhex("6666 5000 000F")); }

void Applet::personalise() {
  if (serial_.empty()) serial_ = random_bytes(4);
  if (stamp_.empty()) stamp_ = random_bytes(kStampSize);
  master_ = std::make_unique<File>();
  master_->id = 0x3F00;
  master_->acl = kMaster;
  directory_ = master_.get();
  selected_ = nullptr;
  File* application = master_->add(FileType::kDf, 0x6666, kFixed);
  File* token = application->add(FileType::kDf, 0x5000, kToken);
  personalise_token_folder(*token);
  personalise_objects(*token->add(FileType::kDf, 0x0220, kFixed));
  if (is("cryptopro", "present")) add_cryptopro_container(*token);
  // As from the factory: the well-known user PIN, no SO PIN.
  pins_.clear();
  pins_[kSo] = {};
  pins_[kUser].key = derived_key(kUser, "1234567890");
}

void Applet::personalise_token_folder(File& token) {
  constexpr std::size_t kPolicySize = 30;
  Bytes policy(kPolicySize, 0x00);
  std::ranges::copy(unhex("04 0A 01"), policy.begin() + 6);
  Bytes salts = random_bytes(current() ? 2 * kSaltSize : kSaltSize);
  if (current()) append(salts, {0x00, 0x0F, 0x0F});
  const auto add = [&](std::uint16_t id, const Acl& acl, const Bytes& body) {
    token.add(FileType::kEf, id, acl, body);
  };
  add(0x0002, kUserWrites, text("My Token"));
  add(0x0003, kFixed, policy);
  add(0x0005, kUserWrites, unhex("50 D6"));
  add(0x0006, kUserWrites, unhex("00"));
  add(0x0007, kFixed, unhex("02"));
  add(0x000A, kFixed, unhex("05 01 08 00 0A 03 00 00 57"));
  add(0x000F, kSalts, salts);
  if (!current()) return;
  File* domains = token.add(FileType::kDf, 0x0ECC, kFixed);
  domains->add(FileType::kDomain, 0x0001, kFixed, p256_domain());
}

/// Labels, ids and sizes repeat the structure that the public recordings of a 5110 show, the
/// key 6003 with the CKA_ID of 6002 included.
void Applet::personalise_objects(File& objects) {
  constexpr std::size_t kFirstSize = 0x1C4, kSecondSize = 0x1EE;
  if (current()) {
    struct Pair {
      std::uint8_t number;
      const char* label;
      std::uint8_t id;
    };
    constexpr Pair kPairs[] = {
        {1, "virtual-ca-reserve", 3}, {2, "virtual-workplace", 2}, {3, "virtual-workplace", 2}};
    for (const Pair& pair : kPairs) {
      const KeyPair key = KeyPair::ec("P-256");
      File* folder =
          objects.add(FileType::kDf, static_cast<std::uint16_t>(0x6000 + pair.number), kKeyFolder);
      folder->key = key;
      folder->security = unhex(kMessagingSecurity);
      folder->add(FileType::kEf, 0x0001, kKeyRecord,
                  private_record(&p256(), pair.label, {pair.id}));
      objects.add(FileType::kEf, static_cast<std::uint16_t>(0x5000 + pair.number), kOpen,
                  public_record(key, pair.label, {pair.id}));
    }
    add_certificate(objects, 0x1002, "virtual-ca-intermediate1", {3},
                    make_certificate(objects.child(0x6001)->key, "Virtual CA", kFirstSize));
    add_certificate(objects, 0x1003, "virtual-workplace", {2},
                    make_certificate(objects.child(0x6002)->key, "Virtual owner", kSecondSize));
  }
  add_rsa_pairs(objects, rsa_pairs_);
}

/// Numbers of a pair's key and certificate run against each other: nothing ties them but CKA_ID.
void Applet::add_rsa_pairs(File& objects, unsigned count) {
  const std::uint16_t first = current() ? 0x1010 : 0x1001;
  for (unsigned i = 0; i < count; ++i) {
    const KeyPair key = KeyPair::rsa(is("rsa-bits", "1024") ? 1024 : 2048);
    File* folder = objects.add(FileType::kDf, static_cast<std::uint16_t>(0x3001 + i), kKeyFolder);
    folder->key = key;
    if (is("key-security", "sm")) folder->security = unhex(kMessagingSecurity);
    const std::string label = "rsa key " + std::to_string(i + 1);
    Bytes id(SHA_DIGEST_LENGTH);
    const Bytes modulus = key.modulus();
    SHA1(modulus.data(), modulus.size(), id.data());
    const Bytes none;
    if (is("rsa-record", "analogous"))
      folder->add(FileType::kEf, 0x0001, kKeyRecord, private_record(&none, label, id));
    else if (is("rsa-record", "short"))
      folder->add(FileType::kEf, 0x0001, kKeyRecord, private_record(nullptr, label, id));
    else if (is("rsa-record", "opaque"))
      folder->add(FileType::kEf, 0x0001, kKeyRecord, random_bytes(40));
    add_certificate(objects, static_cast<std::uint16_t>(first + count - 1 - i), label, id,
                    make_certificate(key, "Virtual owner " + std::to_string(i + 1)));
  }
}

/// Six files of which four need the PIN, as other software puts its own keys there.
void Applet::add_cryptopro_container(File& token) {
  File* container = token.add(FileType::kDf, 0xE00E, kFixed)
                        ->add(FileType::kDf, 0x0B00, kFixed)
                        ->add(FileType::kDf, 0xCC00, kFixed);
  for (std::uint16_t number = 1; number <= 6; ++number) {
    const bool is_private = number != 3 && number != 6;
    container->add(FileType::kEf, static_cast<std::uint16_t>(0xF000 + number),
                   is_private ? kPrivate : kOpen,
                   number == 6 ? text("container") : random_bytes(70));
  }
}

void Applet::set_tries(unsigned tries) {
  for (auto& [reference, pin] : pins_) pin.tries_max = pin.tries_left = tries;
  File* salts = salt_file();
  if (salts == nullptr || salts->body.size() < 2 * kSaltSize + 3) return;
  salts->body[2 * kSaltSize + 1] = salts->body[2 * kSaltSize + 2] =
      static_cast<std::uint8_t>(tries);
}

}  // namespace kilt::vtoken::etoken
