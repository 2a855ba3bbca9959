// What of a JaCarta is remembered on disk.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "drivers/cache.h"
#include "tests/drivers/jacarta/rsa_check.h"
#include "tests/drivers/jacarta/token_rig.h"
#include "tests/support/temporary_folder.h"

namespace kilt::jacarta::test {
namespace {

/// The cache on disk, in a folder of this test.
class OnDisk : public BothPersonalities {
 protected:
  OnDisk() { cache::set_folder(folder_.path() / "kilt"); }
  ~OnDisk() override { cache::set_folder({}); }
  void SetUp() override {
    BothPersonalities::SetUp();
    rig_->log_in();
  }
  std::string everything_on_disk() {
    std::string text;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      text.append(std::istreambuf_iterator<char>(file), {});
    }
    return text;
  }
  kilt::test::TemporaryFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Jacarta, OnDisk, ::testing::Values("aladdin", "athena"));

TEST_P(OnDisk, SecondStartReadsNoObject) {
  const ObjectRef key = rig_->generate(1024, "key", {0x01});
  const Bytes der = self_signed(*public_key(rig_->key(key).public_key), "Somebody");
  token().write_certificate({}, der);
  rig_->restart();
  token().list();
  rig_->restart();
  rig_->restart_count();
  const auto& list = token().list();
  // Counters; description, serial and free memory; two directories.
  EXPECT_LE(rig_->count(), 2U + 5U + 4U);
  ASSERT_EQ(1U, list.keys.size());
  EXPECT_EQ("key", list.keys[0].label);
  ASSERT_EQ(1U, list.certificates.size());
  EXPECT_EQ(der, *list.certificates[0].der);
}

TEST_P(OnDisk, ChangesAreSeen) {
  const ObjectRef key = rig_->generate(1024, "old name", {0x01});
  token().list();
  ObjectChange change;
  change.label = "new name";
  token().change_key(key, change);
  EXPECT_EQ("new name", rig_->key(key).label);
  rig_->restart();
  EXPECT_EQ("new name", rig_->key(key).label);
  rig_->log_in();
  delete_pair(token(), key);
  rig_->restart();
  EXPECT_TRUE(token().list().keys.empty());
}

TEST_P(OnDisk, NothingPrivateLiesThere) {
  DataObject object;
  object.label = "PRIVATE-LABEL";
  object.is_private = true;
  token().write_data(object, to_bytes("PRIVATE-VALUE"));
  object.label = "PUBLIC-LABEL";
  object.is_private = false;
  token().write_data(object, to_bytes("PUBLIC-VALUE"));
  rig_->generate(1024, "PRIVATE-KEY-NAME", {0x01});
  EXPECT_EQ(2U, token().list().data.size());
  const std::string text = everything_on_disk();
  const auto has = [&](const std::string& what) {
    return text.find(what) != std::string::npos ||
           text.find(to_hex(to_bytes(what))) != std::string::npos;
  };
  EXPECT_TRUE(has("PUBLIC-VALUE")) << "the search can find something";
  EXPECT_FALSE(has("PRIVATE-VALUE"));
  EXPECT_FALSE(has("PRIVATE-LABEL"));
}

}  // namespace
}  // namespace kilt::jacarta::test
