// Structures as other software and damage leave them: each costs what is odd in it, no more (design
// decision 24).
#include <gmock/gmock.h>

#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/objects.h"
#include "tests/support/memory_files.h"

namespace kilt::pkcs15 {
namespace {

using test::MemoryFiles;
using ::testing::UnorderedElementsAre;

Bytes file(std::uint16_t id) {
  Bytes path{0x3F, 0x00, 0x50, 0x00};
  append(path, write_be(id, 2));
  return path;
}

Bytes odf_entry(DirectoryKind kind, std::uint16_t id) {
  return encode_odf({kind, {file(id), {}, {}}});
}

Bytes data_entry(const std::string& label, std::uint16_t id) {
  DataEntry entry;
  entry.common.label = label;
  entry.path.file = file(id);
  return encode_data(entry);
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) append(all, part);
  return all;
}

/// Two directories of data objects, one object in each, behind the ODF under test.
class OddOdf : public ::testing::Test {
 protected:
  void SetUp() override {
    files_.files["50006006"] = data_entry("first", 0x0400);
    files_.files["50006007"] = data_entry("second", 0x0401);
    files_.files["50000400"] = {1};
    files_.files["50000401"] = {2};
  }
  std::vector<std::string> labels(const Bytes& odf) {
    files_.files["50005031"] = odf;
    Objects objects(files_, {0x50, 0x00});
    EXPECT_TRUE(objects.load());
    std::vector<std::string> found;
    for (const DataObject& object : objects.list().data) {
      found.push_back(object.label);
      EXPECT_EQ(1U, objects.read_data(object.ref).size());
    }
    return found;
  }

  const Bytes one_ = odf_entry(DirectoryKind::kData, 0x6006);
  const Bytes two_ = odf_entry(DirectoryKind::kData, 0x6007);
  MemoryFiles files_;
};

TEST_F(OddOdf, AsTheStandardHasIt) {
  EXPECT_THAT(labels(joined({one_, two_})), UnorderedElementsAre("first", "second"));
}

TEST_F(OddOdf, ABadEntryCostsItself) {
  // A Path that is no SEQUENCE, one whose inner length lies, one of an odd number of bytes.
  for (const char* bad : {"A7020500", "A7043002 047F", "A7073005 0403 3F0050"})
    EXPECT_THAT(labels(joined({from_hex(bad), one_, two_})),
                UnorderedElementsAre("first", "second"))
        << bad;
}

TEST_F(OddOdf, ATruncatedLastEntryCostsItself) {
  Bytes odf = joined({one_, two_});
  odf.resize(odf.size() - 3);
  EXPECT_THAT(labels(odf), UnorderedElementsAre("first"));
}

TEST_F(OddOdf, OldBytesBehindTheLastEntryDoNotCount) {
  EXPECT_THAT(labels(joined({one_, two_, from_hex("5A5A5A5A5A")})),
              UnorderedElementsAre("first", "second"));
  EXPECT_THAT(labels(joined({one_, two_, from_hex("A7FF")})),
              UnorderedElementsAre("first", "second"));
}

TEST_F(OddOdf, AnIndefiniteLengthIsReadAsWell) {
  Bytes indefinite = from_hex("A780");
  append(indefinite, BytesView(one_).subspan(2));
  append(indefinite, from_hex("0000"));
  EXPECT_THAT(labels(joined({indefinite, two_})), UnorderedElementsAre("first", "second"));
}

TEST_F(OddOdf, ASequenceAroundItIsTakenOff) {
  EXPECT_THAT(labels(tlv::encode(0x30, joined({one_, two_}))),
              UnorderedElementsAre("first", "second"));
}

TEST(OddShapes, CertificatesOfOneFileUnderSeveralIdsAreAllShown) {
  MemoryFiles files;
  CertificateEntry entry;
  entry.path.file = file(0x0300);
  Bytes directory;
  for (const Byte id : Bytes{0x45, 0x46, 0x45}) {
    entry.id = {id};
    append(directory, encode_certificate(entry));
  }
  files.files["50006004"] = directory;
  files.files["50000300"] = from_hex("3003020101");
  files.files["50005031"] = odf_entry(DirectoryKind::kCertificates, 0x6004);
  Objects objects(files, {0x50, 0x00});
  ASSERT_TRUE(objects.load());
  ASSERT_EQ(2U, objects.list().certificates.size()) << "the same entry twice is one object";
  EXPECT_NE(objects.list().certificates[0].ref, objects.list().certificates[1].ref);
  for (const Certificate& certificate : objects.list().certificates)
    EXPECT_EQ(5U, objects.read_certificate(certificate.ref).size());
}

/// A file of records: READ BINARY at an offset is not for it.
class RecordFiles : public MemoryFiles {
 public:
  std::optional<Bytes> record(std::size_t number) override {
    return number == 0 ? Bytes{} : Bytes(4, static_cast<Byte>(number));
  }
};

TEST(OddShapes, AnIndexIntoARecordFileIsARecordsNumber) {
  RecordFiles files;
  DataEntry entry;
  entry.common.label = "record 2";
  entry.path.file = file(0x0400);
  entry.path.index = 2;
  entry.path.length = 3;
  files.files["50006006"] = encode_data(entry);
  files.files["50000400"] = Bytes(12, 0x77);
  files.files["50005031"] = odf_entry(DirectoryKind::kData, 0x6006);
  Objects objects(files, {0x50, 0x00});
  ASSERT_TRUE(objects.load());
  ASSERT_EQ(1U, objects.list().data.size());
  EXPECT_EQ(Bytes(3, 0x02), objects.read_data(objects.list().data[0].ref));
}

// A length of 0 is no length: of a record, and of a whole file.
TEST(OddShapes, ALengthOfNothingMeansAll) {
  RecordFiles records;
  MemoryFiles plain;
  DataEntry entry;
  entry.path.file = file(0x0400);
  entry.path.length = 0;
  for (MemoryFiles* files : {static_cast<MemoryFiles*>(&records), &plain}) {
    entry.path.index = files == &plain ? std::nullopt : std::optional<std::size_t>(2);
    files->files["50006006"] = encode_data(entry);
    files->files["50000400"] = Bytes(12, 0x77);
    files->files["50005031"] = odf_entry(DirectoryKind::kData, 0x6006);
    Objects objects(*files, {0x50, 0x00});
    ASSERT_TRUE(objects.load());
    ASSERT_EQ(1U, objects.list().data.size());
    EXPECT_EQ(files == &plain ? Bytes(12, 0x77) : Bytes(4, 0x02),
              objects.read_data(objects.list().data[0].ref));
  }
}

}  // namespace
}  // namespace kilt::pkcs15
