// Reading directories, the journal, the editor: on files in memory, with the power failing.
#include <gtest/gtest.h>

#include "drivers/pkcs15/editor.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/objects.h"
#include "tests/support/memory_files.h"

namespace kilt::pkcs15 {
namespace {

using test::MemoryFiles;

Layout layout() {
  Layout layout;
  layout.base = {0x50, 0x00};
  layout.directories = {{DirectoryKind::kData, 0x6006}, {DirectoryKind::kCertificates, 0x6004}};
  layout.directory_size = 512;
  return layout;
}

DataEntry data_entry(const std::string& label, std::uint16_t file) {
  DataEntry entry;
  entry.common.label = label;
  entry.common.modifiable = true;
  entry.path.file = layout().file(file);
  return entry;
}

void format(MemoryFiles& files) {
  files.files["50005031"] = Bytes(256, 0);
  TokenInfoEntry info;
  info.label = "test";
  info.last_update = "20200101000000Z";
  files.files["50005032"] = encode_token_info(info);
  files.files["50005032"].resize(128, 0);
}

std::vector<std::string> labels(MemoryFiles& files) {
  Objects objects(files, {0x50, 0x00}, layout().file(layout().journal));
  EXPECT_TRUE(objects.load());
  std::vector<std::string> found;
  for (const DataObject& object : objects.list().data) {
    found.push_back(object.label);
    EXPECT_NO_THROW((void)objects.read_data(object.ref)) << object.label;
  }
  EXPECT_TRUE(objects.list().odd.empty());
  return found;
}

void add(MemoryFiles& files, const std::string& label, std::uint16_t file) {
  Editor editor(files, layout());
  editor.recover();
  const Bytes path = layout().file(file);
  editor.announce({{path, path}});
  files.create(path, FileUse::kPublicValue, 4);
  files.select(path);
  files.update(0, Bytes{1, 2, 3, 4});
  editor.entries(DirectoryKind::kData).push_back(encode_data(data_entry(label, file)));
  editor.commit();
}

void remove(MemoryFiles& files, std::size_t index, std::uint16_t file) {
  Editor editor(files, layout());
  editor.recover();
  auto& entries = editor.entries(DirectoryKind::kData);
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
  const Bytes path = layout().file(file);
  editor.commit({{path, path}});
}

TEST(Directory, ReadsToThePaddingOnly) {
  MemoryFiles files;
  Bytes contents = encode_data(data_entry("one", 0x0400));
  const std::size_t used = contents.size();
  contents.resize(2048, 0x00);
  files.files["6006"] = contents;
  EXPECT_EQ(used, read_directory(files, from_hex("6006")).size());
  EXPECT_EQ(1U, files.reads);
  files.files["6006"] = Bytes(2048, 0xFF);
  EXPECT_TRUE(read_directory(files, from_hex("3F006006")).empty());
  files.files["6006"] = {};
  EXPECT_TRUE(read_directory(files, from_hex("6006")).empty());
}

TEST(Directory, FileThatEndsEarlierThanItSays) {
  struct Liar : MemoryFiles {
    std::size_t select(BytesView path) override {
      MemoryFiles::select(path);
      return 65535;
    }
  } files;
  files.files["6006"] = encode_data(data_entry("one", 0x0400));
  EXPECT_EQ(files.files["6006"].size(), read_directory(files, from_hex("6006")).size());
  EXPECT_LE(files.reads, 2U);
}

TEST(Directory, TenThousandEntriesAreTooMany) {
  Bytes contents;
  for (unsigned i = 0; i < 10000; ++i) append(contents, from_hex("3000"));
  unsigned entries = 0, damaged = 0;
  for_each_entry(
      contents, [&](const tlv::Node&) { ++entries; }, [&](const char*) { ++damaged; });
  EXPECT_EQ(kMaxEntries, entries);
  EXPECT_EQ(1U, damaged);
}

TEST(Directory, DamagedEntryIsSkippedDamagedLengthEnds) {
  Bytes contents = from_hex("3003 020500");
  append(contents, encode_data(data_entry("good", 0x0400)));
  append(contents, from_hex("30840000FFFF"));
  unsigned good = 0, damaged = 0;
  for_each_entry(
      contents,
      [&](const tlv::Node& node) {
        (void)decode_data(node);
        (void)decode_key(node);
        ++good;
      },
      [&](const char*) { ++damaged; });
  EXPECT_EQ(1U, good);
  EXPECT_EQ(2U, damaged);
}

TEST(Objects, OdfThatNamesItselfAndNothing) {
  MemoryFiles files;
  Bytes odf;
  for (int kind = 0; kind < 9; ++kind)
    append(odf, encode_odf({static_cast<DirectoryKind>(kind), {from_hex("3F0050005031"), {}, {}}}));
  append(odf, encode_odf({DirectoryKind::kData, {from_hex("3F005000FFFF"), {}, {}}}));
  files.files["50005031"] = odf;
  Objects objects(files, {0x50, 0x00});
  EXPECT_TRUE(objects.load());
  EXPECT_LE(files.reads, 20U);
}

TEST(Objects, NoOdfNoApplication) {
  MemoryFiles files;
  Objects objects(files, {0x50, 0x00});
  EXPECT_FALSE(objects.load());
  EXPECT_FALSE(objects.read_token_info());
  EXPECT_THROW((void)objects.read_data({1}), ObjectNotFound);
  EXPECT_THROW((void)objects.read_certificate({1}), ObjectNotFound);
  EXPECT_THROW((void)objects.read_public_key({1}), ObjectNotFound);
  EXPECT_EQ(nullptr, objects.private_entry({1}));
}

TEST(Objects, DuplicateEntriesAreOneObject) {
  MemoryFiles files;
  format(files);
  Bytes entries = encode_data(data_entry("same", 0x0400));
  append(entries, encode_data(data_entry("same", 0x0400)));
  files.files["50006006"] = entries;
  files.files["50000400"] = {1};
  files.files["50005031"] = encode_odf({DirectoryKind::kData, {layout().file(0x6006), {}, {}}});
  EXPECT_EQ((std::vector<std::string>{"same"}), labels(files));
}

TEST(Objects, EntriesThatNameNothingAreOdd) {
  MemoryFiles files;
  format(files);
  const auto list = [&](DirectoryKind kind, const char* entry) {
    files.files["50006006"] = from_hex(entry);
    files.files["50005031"] = encode_odf({kind, {layout().file(0x6006), {}, {}}});
    Objects objects(files, {0x50, 0x00});
    EXPECT_TRUE(objects.load());
    EXPECT_TRUE(objects.read_pins().empty());
    return objects.list();
  };
  for (const auto kind : {DirectoryKind::kPrivateKeys, DirectoryKind::kPublicKeys,
                          DirectoryKind::kCertificates, DirectoryKind::kData})
    for (const char* entry : {"3000", "3004 3000 3000", "3006 3000 3000 A100",
                              "3008 3000 3000 A102 3000", "3005 3003 0C0141"}) {
      const ObjectList objects = list(kind, entry);
      EXPECT_EQ(0U, objects.keys.size() + objects.certificates.size() + objects.data.size())
          << entry;
      EXPECT_EQ(1U, objects.odd.size()) << entry;
    }
  // What is odd does not hide its neighbours; an id or a reference is a name.
  const ObjectList keys = list(DirectoryKind::kPrivateKeys,
                               "3000 3007 3000 3003 040145"
                               "3007 3000 3003 020105");
  EXPECT_EQ(2U, keys.keys.size());
  EXPECT_EQ(1U, keys.odd.size());
  EXPECT_TRUE(list(DirectoryKind::kAuthObjects, "3000 3004 3000 3000").odd.empty());
}

TEST(Objects, PathsBehindTheirFile) {
  MemoryFiles files;
  format(files);
  DataEntry entry = data_entry("x", 0x0400);
  entry.path.index = 100;
  files.files["50006006"] = encode_data(entry);
  files.files["50000400"] = {1, 2, 3};
  files.files["50005031"] = encode_odf({DirectoryKind::kData, {layout().file(0x6006), {}, {}}});
  Objects objects(files, {0x50, 0x00});
  ASSERT_TRUE(objects.load());
  EXPECT_THROW((void)objects.read_data(objects.list().data.at(0).ref), MalformedAnswer);
  entry.path.index = 1;
  entry.path.length = 1000;
  files.files["50006006"] = encode_data(entry);
  ASSERT_TRUE(objects.load());
  EXPECT_EQ((Bytes{2, 3}), objects.read_data(objects.list().data.at(0).ref));
}

TEST(Journal, WritesReadsClears) {
  MemoryFiles files;
  Journal journal(files, layout().file(0x4B4C));
  EXPECT_TRUE(journal.read().empty());
  JournalRecord record;
  record.images.push_back({from_hex("6006"), Bytes(100, 1)});
  record.orphans.push_back({from_hex("0400"), from_hex("0401")});
  for (int round = 0; round < 50; ++round) {
    journal.write(record);
    const JournalRecord read = journal.read();
    ASSERT_EQ(1U, read.images.size());
    EXPECT_EQ(record.images[0].contents, read.images[0].contents);
    ASSERT_EQ(1U, read.orphans.size());
    EXPECT_EQ(record.orphans[0].needed_by, read.orphans[0].needed_by);
    if (round % 2 == 0) journal.clear();
  }
  journal.clear();
  EXPECT_TRUE(journal.read().empty());
}

TEST(Journal, DamagedOnesCountAsEmpty) {
  MemoryFiles files;
  for (const char* damaged : {"", "01", "01FFFFFFFF", "0100050001", "0100000003040104",
                              "01000500033001", "010005000230FF", "0100050004A0020500"}) {
    files.files["50004B4C"] = from_hex(damaged);
    EXPECT_TRUE(read_journal(files, layout().file(0x4B4C)).empty()) << damaged;
  }
}

TEST(Editor, AddsAndRemoves) {
  MemoryFiles files;
  format(files);
  for (std::uint16_t i = 0; i < 5; ++i)
    add(files, "object " + std::to_string(i), static_cast<std::uint16_t>(0x0400 + i));
  EXPECT_EQ(5U, labels(files).size());
  remove(files, 2, 0x0402);
  EXPECT_EQ((std::vector<std::string>{"object 0", "object 1", "object 3", "object 4"}),
            labels(files));
  EXPECT_FALSE(files.files.contains("50000402"));
  Objects objects(files, {0x50, 0x00});
  EXPECT_GT(objects.read_token_info()->last_update, std::string("20200101000000Z"));
}

TEST(Editor, FullDirectory) {
  MemoryFiles files;
  format(files);
  bool full = false;
  for (std::uint16_t i = 0; i < 30 && !full; ++i) {
    try {
      add(files, "object " + std::to_string(i), static_cast<std::uint16_t>(0x0400 + i));
    } catch (const TokenFull&) {
      full = true;
    }
  }
  EXPECT_TRUE(full);
  const auto before = labels(files);
  EXPECT_GT(before.size(), 3U);
  Editor editor(files, layout());
  editor.recover();  // the announced file of the failed addition goes
  EXPECT_EQ(before, labels(files));
  EXPECT_EQ(before.size() + 4, files.files.size())
      << "ODF, TokenInfo, DODF, journal and the values";
}

TEST(Editor, DamagedDirectoryIsLeftAlone) {
  MemoryFiles files;
  format(files);
  add(files, "one", 0x0400);
  files.files["50006006"][1] = 0x82;  // now a length beyond the file
  const Bytes damaged = files.files["50006006"];
  EXPECT_THROW(add(files, "two", 0x0401), WriteProtected);
  EXPECT_EQ(damaged, files.files["50006006"]);
}

/// By what a program tells that its list of objects is no longer right.
std::string mark(MemoryFiles& files) {
  Objects objects(files, {0x50, 0x00});
  return objects.read_token_info()->last_update;
}

TEST(Editor, PowerFailureAtEveryWriteOfAnAddition) {
  for (unsigned n = 1; n < 100; ++n) {
    MemoryFiles files;
    format(files);
    add(files, "one", 0x0400);
    const std::string before = mark(files);
    files.power_fails_at = n;
    try {
      add(files, "two", 0x0401);
      EXPECT_GT(n, 5U);
      return;  // n is past the last write
    } catch (const MemoryFiles::PowerFailure&) {
      const auto seen = labels(files);
      EXPECT_TRUE(seen == std::vector<std::string>{"one"} ||
                  seen == (std::vector<std::string>{"one", "two"}))
          << "write " << n;
      EXPECT_TRUE(seen.size() == 1 || before != mark(files)) << "write " << n;
      add(files, "three", 0x0402);
      auto expected = seen;
      expected.emplace_back("three");
      EXPECT_EQ(expected, labels(files)) << "write " << n;
      EXPECT_EQ(seen.size() == 2, files.files.contains("50000401")) << "write " << n;
    }
  }
  FAIL() << "the addition does not end";
}

TEST(Editor, PowerFailureAtEveryWriteOfARemoval) {
  for (unsigned n = 1; n < 100; ++n) {
    MemoryFiles files;
    format(files);
    for (std::uint16_t i = 0; i < 3; ++i)
      add(files, std::to_string(i), static_cast<std::uint16_t>(0x0400 + i));
    const std::string before = mark(files);
    files.power_fails_at = n;
    try {
      remove(files, 1, 0x0401);
      return;
    } catch (const MemoryFiles::PowerFailure&) {
      const auto seen = labels(files);
      EXPECT_TRUE(seen.size() == 3 || seen == (std::vector<std::string>{"0", "2"}))
          << "write " << n;
      EXPECT_TRUE(seen.size() == 3 || before != mark(files)) << "write " << n;
      Editor editor(files, layout());
      editor.recover();
      EXPECT_EQ(seen, labels(files)) << "write " << n;
      EXPECT_EQ(seen.size() == 3, files.files.contains("50000401")) << "write " << n;
    }
  }
  FAIL() << "the removal does not end";
}

}  // namespace
}  // namespace kilt::pkcs15
