// Object files: every one that went over the wire of a real card is read, and written again byte
// for byte.
#include "drivers/jacarta/attribute_file.h"

#include <set>

#include <gtest/gtest.h>

#include "apdu/errors.h"
#include "drivers/jacarta/container_map.h"
#include "drivers/jacarta/layout.h"
#include "drivers/jacarta/object_id.h"
#include "drivers/jacarta/objects.h"
#include "tests/drivers/jacarta/recordings.h"

namespace kilt::jacarta::test {
namespace {

bool is_object_path(const std::string& path) {
  if (path.size() < 8) return false;
  const auto id = static_cast<FileId>(read_be(from_hex(path.substr(path.size() - 4))));
  return path.find("3001") != std::string::npos || path.find("3002") != std::string::npos
             ? file_kind(id) != FileKind::kOther
             : false;
}

/// Whole object files of all recordings: neither being written, nor a left-over of zeros.
std::vector<SeenFile> object_files(const std::string& prefix) {
  std::vector<SeenFile> found;
  for (const Recording& recording : recordings(prefix))
    for (SeenFile& file : files_in(recording)) {
      if (!is_object_path(file.path)) continue;
      const auto size = AttributeFile::announced_size(file.contents);
      if (!size || *size <= 11 || file.contents.size() < *size) continue;
      found.push_back(std::move(file));
    }
  return found;
}

TEST(AttributeFile, EveryRecordedOneIsReadAndWrittenAgain) {
  std::set<FileKind> kinds;
  unsigned seen = 0;
  for (const SeenFile& file : object_files("hw-")) {
    SCOPED_TRACE(file.recording + " " + file.path);
    const std::size_t size = *AttributeFile::announced_size(file.contents);
    EXPECT_EQ(size, file.contents.size()) << "the file is as long as it says";
    AttributeFile object;
    ASSERT_NO_THROW(object = AttributeFile::parse(file.contents));
    EXPECT_EQ(object.id, read_be(from_hex(file.path.substr(file.path.size() - 4))));
    kinds.insert(file_kind(object.id));
    ++seen;
    if (file_kind(object.id) == FileKind::kContainerMap) {
      EXPECT_TRUE(AttributeFile::hash_is_right(file.contents, true));
      if (!AttributeFile::hash_is_right(file.contents, false)) continue;  // zero while rewritten
    }
    EXPECT_EQ(to_hex(file.contents), to_hex(object.encode()));
  }
  EXPECT_GT(seen, 40U);
  EXPECT_TRUE(kinds.contains(FileKind::kPrivateKey));
  EXPECT_TRUE(kinds.contains(FileKind::kPublicKey));
  EXPECT_TRUE(kinds.contains(FileKind::kSecretKey));
  EXPECT_TRUE(kinds.contains(FileKind::kContainerMap));
}

TEST(AttributeFile, AladdinsFilesToo) {
  unsigned certificates = 0;
  for (const SeenFile& file : object_files("sim-")) {
    SCOPED_TRACE(file.recording + " " + file.path);
    const AttributeFile object = AttributeFile::parse(file.contents);
    EXPECT_EQ(to_hex(file.contents), to_hex(object.encode()));
    EXPECT_TRUE(AttributeFile::hash_is_right(file.contents, false));
    if (file_kind(object.id) == FileKind::kCertificate) ++certificates;
  }
  EXPECT_GT(certificates, 0U);
}

/// A public key file of a real card.
AttributeFile real_public_key() {
  for (const SeenFile& file : object_files("hw-destroy"))
    if (file.path.ends_with("0140") && file.contents[0] == 0)
      return AttributeFile::parse(file.contents);
  throw std::runtime_error("not in the recording");
}

TEST(AttributeFile, PublicKeyOfARealCard) {
  const AttributeFile object = real_public_key();
  EXPECT_EQ(22U, object.attributes.size());
  EXPECT_EQ("pub", object.text(attribute::kLabel));
  EXPECT_EQ(Bytes{0x03}, object.value(attribute::kId));
  EXPECT_EQ(1024U, object.number(attribute::kModulusBits));
  EXPECT_TRUE(object.flag(attribute::kPrivate));
  EXPECT_EQ(61U, object.find(attribute::kLabel)->room) << "64 characters are reserved";
  const PublicKey key = public_key_of(object);
  ASSERT_TRUE(std::holds_alternative<RsaPublicKey>(key));
  EXPECT_EQ(1024U, modulus_bits(std::get<RsaPublicKey>(key).modulus));
  EXPECT_EQ(from_hex("C803C803"), Bytes(object.stamp.begin(), object.stamp.end()));
}

TEST(AttributeFile, NewValueTakesTheReservedRoom) {
  AttributeFile object = real_public_key();
  const std::size_t size = object.encode().size();
  object.replace(attribute::kLabel, to_bytes("another name"));
  EXPECT_EQ(size, object.encode().size());
  EXPECT_EQ("another name", AttributeFile::parse(object.encode()).text(attribute::kLabel));
  object.replace(attribute::kLabel, Bytes(70, 'x'));
  EXPECT_EQ(size + 6, object.encode().size()) << "more than the room: the file grows";
  object.replace(attribute::kApplication, to_bytes("new"));
  EXPECT_EQ("new", AttributeFile::parse(object.encode()).text(attribute::kApplication));
}

TEST(AttributeFile, ValueOfFillBytesStays) {
  AttributeFile object = real_public_key();
  object.replace(attribute::kId, Bytes(4, 0xFF));
  EXPECT_EQ(Bytes(4, 0xFF), AttributeFile::parse(object.encode()).value(attribute::kId));
}

TEST(AttributeFile, EveryCutIsNoticed) {
  const Bytes whole = real_public_key().encode();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(AttributeFile::parse(BytesView(whole).first(size)), MalformedAnswer) << size;
  Bytes longer = whole;
  longer.push_back(0xAA);
  EXPECT_NO_THROW(AttributeFile::parse(longer));
}

TEST(AttributeFile, ContradictionsAreNoticed) {
  const Bytes whole = real_public_key().encode();
  Bytes wrong = whole;
  wrong[2] = 0x02;  // the doubled byte differs
  EXPECT_THROW(AttributeFile::parse(wrong), MalformedAnswer);
  wrong = whole;
  ++wrong[6];  // one attribute more than there are
  EXPECT_THROW(AttributeFile::parse(wrong), MalformedAnswer);
  wrong = whole;
  --wrong[6];
  EXPECT_THROW(AttributeFile::parse(wrong), MalformedAnswer);
  wrong = whole;
  wrong[10] = 0x7F;  // the first attribute longer than the file
  EXPECT_THROW(AttributeFile::parse(wrong), MalformedAnswer);
  EXPECT_THROW(AttributeFile::parse(Bytes(303, 0x00)), MalformedAnswer) << "a left-over of zeros";
  EXPECT_THROW(AttributeFile::parse(Bytes(303, 0xFF)), MalformedAnswer);
}

TEST(AttributeFile, HashTellsEveryChange) {
  Bytes file;
  for (const SeenFile& seen : object_files("sim-writecert"))
    if (seen.path.ends_with("8400")) file = seen.contents;
  ASSERT_FALSE(file.empty());
  EXPECT_TRUE(AttributeFile::hash_is_right(file, false));
  for (std::size_t at = AttributeFile::kHashOffset; at < file.size(); at += 37) {
    Bytes wrong = file;
    wrong[at] ^= 0x01;
    EXPECT_FALSE(AttributeFile::hash_is_right(wrong, false)) << at;
  }
  std::fill_n(file.begin() + AttributeFile::kHashOffset, AttributeFile::kHashSize, Byte{0});
  EXPECT_FALSE(AttributeFile::hash_is_right(file, false));
  EXPECT_TRUE(AttributeFile::hash_is_right(file, true)) << "missing, where that is allowed";
}

TEST(ObjectFiles, KeyObjectsBesideTheirFiles) {
  EXPECT_EQ(0x0041, key_object_of(0x0200));
  EXPECT_EQ(0x005E, key_object_of(0x021D));
  EXPECT_EQ(0x0061, key_object_of(0x0220)) << "signature only";
  EXPECT_EQ(0x0001, key_object_of(0x0240)) << "without a container";
  EXPECT_EQ(0x0081, key_object_of(0x0140));
  EXPECT_EQ(0x0083, key_object_of(0x0142));
  EXPECT_EQ(0x00C1, key_object_of(0x0340));
  EXPECT_TRUE(has_container(0x0200));
  EXPECT_FALSE(has_container(0x0240));
  EXPECT_EQ(FileKind::kCertificate, file_kind(0x8400));
  EXPECT_EQ(FileKind::kContainerMap, file_kind(0x867F));
  EXPECT_EQ(FileKind::kOther, file_kind(0xD07E));
}

TEST(ContainerMap, OfARealCard) {
  unsigned maps = 0;
  for (const SeenFile& file : object_files("hw-generate-rsa1024-private")) {
    if (!file.path.ends_with("867F")) continue;
    const AttributeFile object = AttributeFile::parse(file.contents);
    const Bytes value = object.value(attribute::kValue);
    ContainerMap map = ContainerMap::parse(value);
    EXPECT_EQ(5U, map.size());
    EXPECT_EQ(value, map.encode());
    ++maps;
    if (map.free(0)) continue;
    EXPECT_EQ(1024U, map.bits(0));
    EXPECT_TRUE(map.is_default(0));
    EXPECT_EQ(0x03, value[0]);
    // The same record, written by us.
    ContainerMap ours;
    ours.set(0, Bytes{0x03}, 1024);
    ours.set_default(0);
    EXPECT_EQ(to_hex(BytesView(value).first(90)), to_hex(BytesView(ours.encode()).first(90)));
  }
  EXPECT_GT(maps, 1U);
}

TEST(ContainerMap, NamesFromIds) {
  ContainerMap map;
  map.set(0, from_hex("41 5C DC 00 80 E1 42 FF"), 2048);
  const Bytes value = map.encode();
  // A, two brackets for the backslash and its twin, two ones for zero, two stripped bytes; the
  // map: byte 5 and byte 7 lost their top bits.
  EXPECT_EQ(
      "41005B005B00010001006100"
      "42007F00",
      to_hex(BytesView(value).first(16)));
  EXPECT_EQ(
      "0200400000000000"
      "0000",
      to_hex(BytesView(value).subspan(16, 10)));
  EXPECT_EQ(13, value[86]) << "eight characters and the map's five";
  EXPECT_EQ(0x80, value[88]);
  map.rename(0, from_hex("41"));
  EXPECT_EQ(1, map.encode()[86]);
  EXPECT_EQ(0, map.encode()[88]);
}

TEST(ContainerMap, GrowsAndFrees) {
  ContainerMap map;
  EXPECT_TRUE(map.free(0));
  map.set(0, Bytes{1}, 2048);
  map.set(7, Bytes(60, 0x41), 4096);
  EXPECT_EQ(8U, map.size());
  EXPECT_EQ(4096U, map.bits(7));
  EXPECT_TRUE(map.set_default(7));
  EXPECT_FALSE(map.set_default(0)) << "there is one";
  map.clear(7);
  EXPECT_TRUE(map.free(7));
  EXPECT_TRUE(map.is_default(0)) << "the default goes to another key";
  map.clear(100);
  map.set(1000, Bytes{1}, 2048);
  EXPECT_EQ(8U, map.size()) << "no number beyond the software's";
  const ContainerMap odd = ContainerMap::parse(Bytes(100, 0x11));
  EXPECT_EQ(Bytes(100, 0x11), odd.encode()) << "what follows the records stays";
}

TEST(ObjectId, BothFormsAreRead) {
  const Bytes der = from_hex("06 0A 2A 83 0E 03 03 05 02 05 87 67");
  const Bytes stored = write_object_id(der);
  ASSERT_EQ(64U, stored.size());
  EXPECT_EQ(
      "01000000"
      "02000000",
      to_hex(BytesView(stored).first(8)));
  EXPECT_EQ(der, read_object_id(stored));
  EXPECT_EQ(der, read_object_id(der)) << "other software may store DER";
  EXPECT_EQ(Bytes{}, read_object_id(Bytes(64, 0xFF)));
  EXPECT_EQ(Bytes(64, 0xFF), write_object_id({}));
  EXPECT_EQ(Bytes{}, read_object_id(from_hex("06 02 88 80"))) << "cut";
  const Bytes big = from_hex("06 07 2A 90 80 80 80 80 01");
  EXPECT_EQ(big, write_object_id(big)) << "too large a number stays as it is";
}

}  // namespace
}  // namespace kilt::jacarta::test
