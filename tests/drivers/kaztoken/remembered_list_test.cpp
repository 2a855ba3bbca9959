// Lists without a look at the token: from what was read of it before, never from anything older.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "drivers/cache.h"
#include "drivers/pkcs15/last_update.h"
#include "tests/support/driver_rig.h"
#include "tests/support/ready_kaztoken.h"
#include "tests/support/temporary_folder.h"

namespace kilt {
namespace {

using test::pin;

class RememberedList : public ::testing::Test {
 protected:
  RememberedList() : rig_("kaztoken") {
    rig_.virtual_card->card().load(test::ready_kaztoken());
    cache::set_folder(folder_.path() / "kilt");
    later(1);
    rig_.open();
  }
  void TearDown() override {
    cache::set_folder({});
    pkcs15::set_clock([] { return std::time(nullptr); });
  }
  /// Marks of this hour are settled in the next one.
  static void later(int hours) {
    static int added;
    added = hours;
    pkcs15::set_clock([] { return std::time(nullptr) + added * std::time_t{3600}; });
  }
  Token& token() { return *rig_.token; }
  /// A program that leaves what it read in the cache.
  void earlier_program() {
    rig_.open();
    (void)token().list();
    rig_.open();
  }
  static void write_data(Token& writer, const std::string& label) {
    writer.login(PinRole::kUser, pin(test::kUserPin));
    DataObject object;
    object.label = label;
    writer.write_data(object, to_bytes("value"));
    writer.logout();
  }
  /// Another program writes, with a driver of its own.
  void foreign_write(const std::string& label) {
    apdu::Card card(rig_.readers.connect("reader"));
    write_data(*open_token(card, ProfileSet::builtin()), label);
  }
  void remembers_the_key_for_nothing() {
    rig_.counter->restart_count();
    const ObjectList* list = token().remembered_list();
    ASSERT_NE(nullptr, list);
    EXPECT_EQ(1U, list->keys.size());
    EXPECT_EQ(0U, rig_.counter->count());
  }

  test::TemporaryFolder folder_;
  test::DriverRig rig_;
};

TEST_F(RememberedList, NothingWasRead) {
  rig_.counter->restart_count();
  EXPECT_EQ(nullptr, token().remembered_list());
  EXPECT_EQ(0U, rig_.counter->count());
}

TEST_F(RememberedList, AfterAListCostsNothing) {
  EXPECT_EQ(1U, token().list().keys.size());
  remembers_the_key_for_nothing();
}

TEST_F(RememberedList, TokenInfoAndTheDiskTellTheList) {
  earlier_program();
  (void)token().info();
  remembers_the_key_for_nothing();
}

TEST_F(RememberedList, TokenInfoAloneDoesNot) {
  (void)token().info();
  rig_.counter->restart_count();
  EXPECT_EQ(nullptr, token().remembered_list());
  EXPECT_EQ(0U, rig_.counter->count());
  EXPECT_EQ(1U, token().list().keys.size());
}

TEST_F(RememberedList, TheDiskIsOfAnOlderToken) {
  earlier_program();
  foreign_write("new");
  later(2);
  rig_.open();
  (void)token().info();
  EXPECT_EQ(nullptr, token().remembered_list()) << "the mark is another one";
  EXPECT_EQ(1U, token().list().data.size());
}

// What is missing on the disk is not read under the mark of an earlier moment, nor stored so.
TEST_F(RememberedList, TheDiskHoldsAPart) {
  earlier_program();
  (void)token().info();
  foreign_write("new");
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "kilt")) {
    auto document = nlohmann::json::parse(std::ifstream(entry.path()));
    auto& files = document["files"];
    ASSERT_LT(2U, files.size());
    files.erase(std::prev(files.end()));
    std::ofstream(entry.path()) << document.dump();
  }
  later(2);
  EXPECT_EQ(nullptr, token().remembered_list());
  EXPECT_EQ(1U, token().list().data.size()) << "what the other program wrote is there";
}

TEST_F(RememberedList, OwnChangesEndIt) {
  (void)token().list();
  write_data(token(), "own");
  EXPECT_EQ(nullptr, token().remembered_list());
  EXPECT_EQ(1U, token().list().data.size());
}

TEST_F(RememberedList, AResetEndsIt) {
  (void)token().list();
  token().reset_state();
  EXPECT_EQ(nullptr, token().remembered_list());
}

TEST_F(RememberedList, AMarkOfThisVerySecondIsNotRemembered) {
  pkcs15::set_clock([] { return std::time_t{0}; });
  earlier_program();
  (void)token().info();
  EXPECT_EQ(nullptr, token().remembered_list());
  (void)token().list();
  EXPECT_EQ(nullptr, token().remembered_list());
}

}  // namespace
}  // namespace kilt
