// PKCS#15 bytes: numbers and flags, entries there and back, entries that lie.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "drivers/crypto/asn1.h"
#include "drivers/crypto/spki.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/last_update.h"
#include "drivers/pkcs15/objects.h"
#include "drivers/pkcs15/public_key.h"

namespace kilt::pkcs15 {
namespace {

tlv::Node node_of(const Bytes& bytes) { return *tlv::Reader(bytes).next(); }

TEST(Pkcs15Asn1, Integers) {
  for (const std::int64_t number :
       {0L, 1L, 127L, 128L, 255L, 256L, 65537L, 0x7FFFFFFFL, -1L, -128L, -129L, -0x80000000L})
    EXPECT_EQ(number, asn1::integer(asn1::integer_value(number))) << number;
  EXPECT_EQ("80", to_hex(asn1::integer_value(-128)));
  EXPECT_EQ("0080", to_hex(asn1::integer_value(128)));
  EXPECT_THROW((void)asn1::integer({}), MalformedAnswer);
  EXPECT_THROW((void)asn1::integer(Bytes(5, 0)), MalformedAnswer);
}

TEST(Pkcs15Asn1, BitStrings) {
  for (const std::uint32_t flags : {0U, 1U, 2U, 0x80U, 0x100U, 0x204U, 0x80000000U, ~0U})
    EXPECT_EQ(flags, asn1::bits(asn1::bits_value(flags))) << flags;
  EXPECT_EQ("0520", to_hex(asn1::bits_value(usage::kSign)));
  EXPECT_EQ(0U, asn1::bits(Bytes{0}));
  EXPECT_EQ(1U, asn1::bits(from_hex("00 80 00 00 00 FF FF"))) << "bits past 32 do not matter";
  EXPECT_EQ(0U, asn1::bits({})) << "not valid, but no reason to lose a PIN";
}

KeyEntry rsa_key() {
  KeyEntry key;
  key.common = {"ключ", true, true, {0x02}};
  key.id = {0x45};
  key.usage = usage::kSign | usage::kDecrypt;
  key.access = access::kSensitive | access::kLocal;
  key.reference = 0x83;
  key.modulus_bits = 2048;
  key.path.file = from_hex("3F00 1000 1000 6002 0003");
  return key;
}

void expect_same(const KeyEntry& a, const KeyEntry& b) {
  EXPECT_EQ(a.common.label, b.common.label);
  EXPECT_EQ(a.common.is_private, b.common.is_private);
  EXPECT_EQ(a.common.modifiable, b.common.modifiable);
  EXPECT_EQ(a.common.auth_id, b.common.auth_id);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.usage, b.usage);
  EXPECT_EQ(a.access, b.access);
  EXPECT_EQ(a.native, b.native);
  EXPECT_EQ(a.reference, b.reference);
  EXPECT_EQ(a.user_consent, b.user_consent);
  EXPECT_EQ(a.modulus_bits, b.modulus_bits);
  EXPECT_EQ(a.gost_parameters, b.gost_parameters);
  EXPECT_EQ(a.ec_parameters, b.ec_parameters);
  EXPECT_EQ(a.path.file, b.path.file);
  EXPECT_EQ(a.path.index, b.path.index);
  EXPECT_EQ(a.path.length, b.path.length);
}

TEST(Pkcs15Entries, SubjectsThereAndBack) {
  const Bytes name = from_hex("30 0E 31 0C 30 0A 06 03 55 04 03 0C 03 6F 6E 65");
  KeyEntry key = rsa_key();
  EXPECT_TRUE(decode_key(node_of(encode_key(key, true))).subject.empty());
  key.subject = name;
  const Bytes entry = encode_key(key, true);
  EXPECT_EQ(name, decode_key(node_of(entry)).subject);
  expect_same(key, decode_key(node_of(entry)));
  ObjectChange change;
  change.subject = from_hex("30 0E 31 0C 30 0A 06 03 55 04 03 0C 03 74 77 6F");
  EXPECT_EQ(*change.subject, decode_key(node_of(with_names(entry, change))).subject);
  expect_same(key, decode_key(node_of(with_names(entry, change))));
  change.subject = Bytes{};
  EXPECT_EQ(to_hex(encode_key(rsa_key(), true)), to_hex(with_names(entry, change)));
}

TEST(Pkcs15Entries, SubjectsAsOthersWriteThem) {
  const Bytes name = from_hex("30 0E 31 0C 30 0A 06 03 55 04 03 0C 03 6F 6E 65");
  const auto with_subclass = [](const Bytes& subclass) {
    Bytes body;
    const Bytes entry = encode_key(rsa_key(), true);
    tlv::Reader reader(node_of(entry).value);
    for (unsigned part = 0; const auto node = reader.next(); ++part) {
      if (part == 2) append(body, tlv::encode(asn1::context(0), subclass));
      append(body, node->encoded);
    }
    return tlv::encode(asn1::kSequence, body);
  };
  const Bytes opensc = with_subclass(name), broken = with_subclass(from_hex("30 7F 01"));
  EXPECT_EQ(name, decode_key(node_of(opensc)).subject);
  expect_same(rsa_key(), decode_key(node_of(broken)));
  EXPECT_TRUE(decode_key(node_of(broken)).subject.empty());
  Bytes more = name;
  append(more, from_hex("A0 03 02 01 07"));  // keyIdentifiers, which stay
  ObjectChange change;
  change.subject = from_hex("30 02 31 00");
  const Bytes changed = with_names(with_subclass(tlv::encode(asn1::kSequence, more)), change);
  EXPECT_EQ(*change.subject, decode_key(node_of(changed)).subject);
  EXPECT_NE(std::string::npos, to_hex(changed).find("A003020107"));
}

TEST(Pkcs15Entries, KeysThereAndBack) {
  KeyEntry key = rsa_key();
  expect_same(key, decode_key(node_of(encode_key(key, true))));
  key.user_consent = true;
  key.native = false;
  key.path.index = 10;
  key.path.length = 300;
  expect_same(key, decode_key(node_of(encode_key(key, true))));
  key.type = KeyType::kGost256;
  key.modulus_bits = 0;
  key.gost_parameters = 3;
  expect_same(key, decode_key(node_of(encode_key(key, true))));
  key.type = KeyType::kEc;
  key.gost_parameters = 0;
  key.ec_parameters = from_hex("06082A8648CE3D030107");
  expect_same(key, decode_key(node_of(encode_key(key, true))));
}

TEST(Pkcs15Entries, EverythingElseThereAndBack) {
  CertificateEntry certificate;
  certificate.common = {"cert", false, true, {}};
  certificate.id = {1, 2, 3};
  certificate.authority = true;
  certificate.path.file = from_hex("3F0050000300");
  const auto read_certificate = decode_certificate(node_of(encode_certificate(certificate)));
  EXPECT_EQ("cert", read_certificate.common.label);
  EXPECT_EQ(certificate.id, read_certificate.id);
  EXPECT_TRUE(read_certificate.authority);
  EXPECT_EQ(certificate.path.file, read_certificate.path.file);

  DataEntry data;
  data.common = {"data", true, false, {0x02}};
  data.application = "app";
  data.oid = from_hex("06032A0304");
  data.path.file = from_hex("3F0050000400");
  const auto read_data = decode_data(node_of(encode_data(data)));
  EXPECT_EQ("data", read_data.common.label);
  EXPECT_TRUE(read_data.common.is_private);
  EXPECT_EQ("app", read_data.application);
  EXPECT_EQ(data.oid, read_data.oid);
  EXPECT_EQ(data.path.file, read_data.path.file);

  PinEntry pin;
  pin.common.label = "User PIN";
  pin.auth_id = {0x02};
  pin.flags = pin_flag::kInitialized | pin_flag::kLocal;
  pin.min_length = 6;
  pin.stored_length = pin.max_length = 32;
  pin.reference = 0x82;
  pin.pad = 0x00;
  pin.path.file = from_hex("3F00");
  const auto read_pin = decode_pin(node_of(encode_pin(pin)));
  ASSERT_TRUE(read_pin);
  EXPECT_EQ(pin.auth_id, read_pin->auth_id);
  EXPECT_EQ(pin.flags, read_pin->flags);
  EXPECT_EQ(6U, read_pin->min_length);
  EXPECT_EQ(32U, read_pin->stored_length);
  EXPECT_EQ(32U, read_pin->max_length);
  EXPECT_EQ(0x82, read_pin->reference);
  EXPECT_EQ(Byte{0}, read_pin->pad);

  TokenInfoEntry info;
  info.serial = {1, 2, 3, 4};
  info.manufacturer = "Maker";
  info.label = "Label";
  info.issuer = "Issuer";
  info.last_update = "20260101000000Z";
  info.flags = 4;
  const auto read_info = decode_token_info(encode_token_info(info));
  EXPECT_EQ(info.serial, read_info.serial);
  EXPECT_EQ(info.manufacturer, read_info.manufacturer);
  EXPECT_EQ(info.label, read_info.label);
  EXPECT_EQ(info.issuer, read_info.issuer);
  EXPECT_EQ(info.last_update, read_info.last_update);
  EXPECT_EQ(info.flags, read_info.flags);

  Bytes odf;
  for (int kind = 0; kind <= 8; ++kind)
    append(odf, encode_odf({static_cast<DirectoryKind>(kind), {from_hex("3F0050006001"), {}, {}}}));
  const auto entries = decode_odf(odf);
  ASSERT_EQ(9U, entries.size());
  for (std::size_t kind = 0; kind <= 8; ++kind)
    EXPECT_EQ(static_cast<DirectoryKind>(kind), entries[kind].kind);
}

TEST(Pkcs15Entries, NewNamesKeepTheRest) {
  const KeyEntry key = rsa_key();
  ObjectChange change;
  change.label = "другой";
  change.id = Bytes{9, 9};
  KeyEntry expected = key;
  expected.common.label = "другой";
  expected.id = {9, 9};
  expect_same(expected, decode_key(node_of(with_names(encode_key(key, true), change))));
  KeyEntry nameless = key;
  const Bytes without = from_hex("300A 3000 3006 040145 030100");
  change.label = "x";
  EXPECT_EQ("x", decode_key(node_of(with_names(without, change))).common.label);
  EXPECT_THROW((void)with_names({}, change), MalformedAnswer);
}

TEST(Pkcs15Entries, ReferencesAbove127InOneByte) {
  // Some issuers write 0x83 as INTEGER 83, a negative number.
  const auto key = decode_key(node_of(from_hex("300E 3000 300A 040145 03020520 020183")));
  EXPECT_EQ(0x83, key.reference);
}

TEST(Pkcs15Entries, PublicKeysInEveryClothing) {
  KeyEntry entry;
  const RsaPublicKey rsa{Bytes(128, 0x91), {1, 0, 1}};
  const Bytes plain = crypto::encode_public_key(rsa);
  auto key = decode_public_key(entry, plain);
  ASSERT_TRUE(std::holds_alternative<RsaPublicKey>(key));
  EXPECT_EQ(rsa.modulus, std::get<RsaPublicKey>(key).modulus) << "no leading zero";
  EXPECT_EQ(rsa.exponent, std::get<RsaPublicKey>(key).exponent);
  Bytes bits{0x00};
  append(bits, plain);
  Bytes info = from_hex("300D06092A864886F70D0101010500");
  append(info, tlv::encode(0x03, bits));
  key = decode_public_key(entry, tlv::encode(0x30, info));
  ASSERT_TRUE(std::holds_alternative<RsaPublicKey>(key));
  EXPECT_EQ(rsa.modulus, std::get<RsaPublicKey>(key).modulus);

  entry.type = KeyType::kGost256;
  entry.gost_parameters = 3;
  key = decode_public_key(entry, tlv::encode(0x04, Bytes(64, 7)));
  ASSERT_TRUE(std::holds_alternative<GostPublicKey>(key));
  EXPECT_EQ("06072A850302022303", to_hex(std::get<GostPublicKey>(key).parameters));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(
      decode_public_key(entry, tlv::encode(0x04, Bytes(63, 7)))));
  entry.gost_parameters = 200;
  key = decode_public_key(entry, tlv::encode(0x04, Bytes(64, 7)));
  EXPECT_TRUE(std::get<GostPublicKey>(key).parameters.empty());

  for (const char* damaged : {"", "0500", "3000", "3003020100", "30050201000200", "300602000201 01",
                              "30060301000301FF", "3004030200 00"}) {
    try {
      EXPECT_TRUE(
          std::holds_alternative<std::monostate>(decode_public_key(KeyEntry{}, from_hex(damaged))))
          << damaged;
    } catch (const MalformedAnswer&) {  // NOLINT(bugprone-empty-catch): as good
    }
  }
  EXPECT_THROW((void)crypto::encode_public_key(std::monostate{}), Error);
}

TEST(Pkcs15Entries, KeyIdIsTheSubjectKeyIdentifier) {
  const RsaPublicKey rsa{Bytes(128, 0x91), {1, 0, 1}};
  EXPECT_EQ(20U, crypto::key_id(rsa).size());
  EXPECT_EQ(crypto::key_id(rsa), crypto::key_id(RsaPublicKey{Bytes(128, 0x91), {1, 0, 1}}));
  EXPECT_NE(crypto::key_id(rsa), crypto::key_id(RsaPublicKey{Bytes(128, 0x92), {1, 0, 1}}));
}

/// `part` stands in `whole`, or is empty.
bool stands_in(BytesView part, BytesView whole) {
  return std::search(whole.begin(), whole.end(), part.begin(), part.end()) != whole.end() ||
         part.empty();
}

// Whatever its lengths say, an entry is an error, or all that is read of it stands in it.
TEST(Pkcs15Entries, NothingIsReadBehindAnEntryThatLies) {
  std::mt19937 random(3);
  const Bytes good = encode_key(rsa_key(), true);
  unsigned read = 0, refused = 0;
  for (unsigned round = 0; round < 20000; ++round) {
    Bytes bytes = good;
    const unsigned changes = 1 + random() % 4;
    for (unsigned i = 0; i < changes; ++i)
      bytes[random() % bytes.size()] = static_cast<Byte>(random());
    try {
      const auto node = tlv::Reader(bytes).next();
      ASSERT_TRUE(node);
      const KeyEntry key = decode_key(*node);
      ++read;
      EXPECT_TRUE(stands_in(key.id, node->value)) << to_hex(bytes);
      EXPECT_TRUE(stands_in(to_bytes(key.common.label), node->value)) << to_hex(bytes);
      EXPECT_TRUE(stands_in(key.common.auth_id, node->value)) << to_hex(bytes);
      EXPECT_TRUE(stands_in(key.path.file, node->value)) << to_hex(bytes);
      EXPECT_TRUE(stands_in(key.direct_value, node->value)) << to_hex(bytes);
      EXPECT_TRUE(stands_in(decode_certificate(*node).path.file, node->value)) << to_hex(bytes);
      EXPECT_TRUE(stands_in(decode_data(*node).path.file, node->value)) << to_hex(bytes);
      if (const auto pin = decode_pin(*node))
        EXPECT_TRUE(stands_in(to_bytes(pin->common.label), node->value)) << to_hex(bytes);
    } catch (const MalformedAnswer&) {
      ++refused;
    }
    for (const OdfEntry& entry : decode_odf(bytes))
      EXPECT_TRUE(stands_in(entry.path.file, bytes)) << to_hex(bytes);
  }
  EXPECT_LT(1000U, read) << "the changes leave entries to read";
  EXPECT_LT(1000U, refused) << "and some are damaged";
}

TEST(LastUpdate, IsLaterInAnyCase) {
  EXPECT_GT(later_time("29991231235959Z"), std::string("29991231235959Z"));
  EXPECT_EQ(15U, later_time("").size());
  EXPECT_EQ(15U, later_time("garbage").size());
  const std::string first = later_time("");
  EXPECT_GT(later_time(first), first) << "twice in one second";
}

TEST(LastUpdate, ReplacesOrAddsTheField) {
  TokenInfoEntry info;
  info.label = "Label";
  info.last_update = "20200101000000Z";
  const Bytes before = encode_token_info(info);
  const Bytes after = with_later_update(before);
  EXPECT_EQ(before.size(), after.size());
  EXPECT_GT(decode_token_info(after).last_update, info.last_update);
  EXPECT_EQ("Label", decode_token_info(after).label);
  info.last_update.clear();
  Bytes padded = encode_token_info(info);
  padded.resize(200, 0);
  const Bytes added = with_later_update(padded);
  EXPECT_EQ(200U, added.size());
  EXPECT_FALSE(decode_token_info(added).last_update.empty());
  EXPECT_EQ(Bytes(5, 0xFF), with_later_update(Bytes(5, 0xFF))) << "what is no TokenInfo stays";
}

}  // namespace
}  // namespace kilt::pkcs15
