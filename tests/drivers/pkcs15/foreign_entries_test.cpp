// Entries of kinds that Kilt has no use for: they are named as odd, and never shown as something
// else (PKCS#15 v1.1, 6.3 to 6.8).
#include <gmock/gmock.h>

#include "drivers/crypto/asn1.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/objects.h"
#include "tests/support/memory_files.h"

namespace kilt::pkcs15 {
namespace {

using test::MemoryFiles;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Bytes file(std::uint16_t id) {
  Bytes path{0x3F, 0x00, 0x50, 0x00};
  append(path, write_be(id, 2));
  return path;
}

/// The entry under another tag of its CHOICE.
Bytes as_kind(Byte tag, Bytes entry) {
  entry[0] = tag;
  return entry;
}

class ForeignEntries : public ::testing::Test {
 protected:
  ForeignEntries() : objects_(files_, {0x50, 0x00}) {}
  const ObjectList& list(DirectoryKind kind, const Bytes& entries) {
    files_.files["50006000"] = entries;
    files_.files["50005031"] = encode_odf({kind, {file(0x6000), {}, {}}});
    EXPECT_TRUE(objects_.load());
    return objects_.list();
  }
  MemoryFiles files_;
  Objects objects_;
};

TEST_F(ForeignEntries, OnlyX509CertificatesAreShownAsSuch) {
  CertificateEntry entry;
  entry.common.label = "X.509";
  entry.id = {1};
  entry.path.file = file(0x0301);
  const Bytes x509 = encode_certificate(entry);
  entry.common.label = "other";
  entry.path.file = file(0x0302);
  const Bytes other = encode_certificate(entry);
  // Attribute, SPKI, PGP, WTLS, X9.68 and card-verifiable certificates.
  Bytes directory;
  for (const Byte tag : Bytes{0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5})
    append(directory, as_kind(tag, other));
  append(directory, x509);
  const ObjectList& found = list(DirectoryKind::kCertificates, directory);
  ASSERT_THAT(found.certificates, SizeIs(1));
  EXPECT_EQ("X.509", found.certificates[0].label);
  ASSERT_THAT(found.odd, SizeIs(6));
  for (const OddObject& odd : found.odd) EXPECT_THAT(odd.description, HasSubstr("X.509"));
}

TEST_F(ForeignEntries, DhDsaAndKeaKeysAreNoRsaKeys) {
  KeyEntry entry;
  entry.id = {1};
  entry.reference = 1;
  entry.modulus_bits = 1024;
  entry.path.file = file(0x0001);
  entry.common.label = "RSA";
  const Bytes rsa = encode_key(entry, true);
  entry.id = {2};
  entry.reference = 2;
  entry.common.label = "other";
  const Bytes other = encode_key(entry, true);
  for (const DirectoryKind kind : {DirectoryKind::kPrivateKeys, DirectoryKind::kPublicKeys}) {
    Bytes directory;
    for (const Byte tag : Bytes{0xA1, 0xA2, 0xA3}) append(directory, as_kind(tag, other));
    append(directory, rsa);
    const ObjectList& found = list(kind, directory);
    ASSERT_THAT(found.keys, SizeIs(1));
    EXPECT_EQ("RSA", found.keys[0].label);
    ASSERT_THAT(found.odd, SizeIs(3));
    for (const OddObject& odd : found.odd) EXPECT_THAT(odd.description, HasSubstr("neither RSA"));
  }
}

// 03 00 is no BIT STRING, but what it says is clear: no flag is set.
TEST_F(ForeignEntries, ABitStringOfNothingCostsNoPin) {
  for (const char* nothing : {"0300", "030100"}) {
    Bytes common = tlv::encode(asn1::kUtf8String, to_bytes(std::string_view("Code")));
    append(common, from_hex(nothing));
    Bytes type = from_hex(nothing);
    append(type, from_hex("0A0101 020104 020108 020108 800101 0401FF"));
    Bytes entry = tlv::encode(asn1::kSequence, common);
    append(entry, tlv::encode(asn1::kSequence, from_hex("040101")));
    append(entry, tlv::encode(asn1::context(1), tlv::encode(asn1::kSequence, type)));
    list(DirectoryKind::kAuthObjects, tlv::encode(asn1::kSequence, entry));
    const auto pins = objects_.read_pins();
    ASSERT_THAT(pins, SizeIs(1)) << nothing;
    EXPECT_EQ("Code", pins[0].common.label);
    EXPECT_EQ(1, pins[0].reference);
    EXPECT_EQ(0U, pins[0].flags);
    EXPECT_EQ(4U, pins[0].min_length);
  }
}

}  // namespace
}  // namespace kilt::pkcs15
