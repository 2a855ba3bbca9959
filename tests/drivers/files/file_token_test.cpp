#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "drivers/cache.h"
#include "drivers/crypto/gost.h"
#include "drivers/crypto/pkcs12.h"
#include "drivers/files/disk_file.h"
#include "drivers/files/file_location.h"
#include "drivers/files/file_objects.h"
#include "drivers/files/file_source.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/x509_maker.h"

namespace kilt::files {
namespace {

namespace fs = std::filesystem;

SecureBytes pin(const char* text) { return SecureBytes(to_bytes(text)); }

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    cache::set_folder({});
    source_ = make_file_source({folder_.path()});
  }
  void TearDown() override { cache::set_folder({}); }

  /// A file with one GOST-512 key and a certificate, as the CA gives them out.
  fs::path make(const std::string& name, const char* password) {
    crypto::Pkcs12 file;
    std::shared_ptr<crypto::HostKey> key =
        crypto::generate_gost_key(crypto::kazakh_512_curve(), crypto::kazakh_512_hash());
    const Bytes id = ca_key_id(key->public_key());
    file.add_key(std::move(key), id, "key");
    file.add_certificate(test::self_signed("OWNER"), id, "key");
    const fs::path path = folder_.path() / name;
    write(path, file.write(crypto::Password(to_bytes(password))));
    return path;
  }
  static void write(const fs::path& path, BytesView contents) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(contents.data()),
               static_cast<std::streamsize>(contents.size()));
  }
  std::unique_ptr<OpenedToken> open(const fs::path& path) {
    static_cast<void>(source_->readers());
    return source_->open(path.string());
  }
  bool present(const std::string& name) {
    for (const auto& state : source_->readers())
      if (state.name == name) return state.card_present;
    return false;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<TokenSource> source_;
};

TEST_F(Files, EachIsATokenOfItsOwn) {
  const fs::path one = make("one.p12", "first"), two = make("two.pfx", "second");
  write(folder_.path() / "note.txt", Bytes(100, 'x'));
  EXPECT_EQ(3U, source_->readers().size()) << "two files and a free place";
  const auto first = open(one), second = open(two);
  first->token().login(PinRole::kUser, pin("first"));
  EXPECT_EQ(1U, first->token().list().keys.size());
  EXPECT_TRUE(second->token().list().keys.empty()) << "another password, not given yet";
  EXPECT_THROW(second->token().login(PinRole::kUser, pin("first")), WrongPin);
  EXPECT_TRUE(second->token().list().keys.empty());
  second->token().login(PinRole::kUser, pin("second"));
  EXPECT_NE(first->token().list().keys.at(0).id, second->token().list().keys.at(0).id);
  first->token().logout();
  EXPECT_TRUE(first->token().list().keys.empty());
  EXPECT_EQ(1U, second->token().list().keys.size());
}

TEST_F(Files, Signs) {
  const auto opened = open(make("a.p12", "x"));
  Token& token = opened->token();
  token.login(PinRole::kUser, pin("x"));
  const Key key = token.list().keys.at(0);
  EXPECT_EQ(KeyType::kGost512, key.type);
  const auto& half = std::get<GostPublicKey>(key.public_key);
  const Bytes hash = crypto::digest(Hash::kStreebog512, to_bytes("text"));
  const Bytes signature = token.sign(key, SignScheme::kGost3410, Hash::kNone, hash);
  EXPECT_TRUE(crypto::gost_verify(half, hash, signature));
  EXPECT_THROW((void)token.sign(key, SignScheme::kRsaRaw, Hash::kNone, hash), NotSupported);
  EXPECT_EQ(key.id, token.list().certificates.at(0).id);
  token.logout();
  EXPECT_THROW((void)token.sign(key, SignScheme::kGost3410, Hash::kNone, hash), NotLoggedIn);
}

TEST_F(Files, ThePasswordIsChangedWhole) {
  const fs::path path = make("a.p12", "old");
  const auto opened = open(path);
  Token& token = opened->token();
  EXPECT_THROW(token.change_pin(PinRole::kUser, pin("wrong"), pin("new")), WrongPin);
  token.change_pin(PinRole::kUser, pin("old"), pin("new"));
  EXPECT_NO_THROW(opened->begin()) << "our own change";
  EXPECT_THROW(token.login(PinRole::kUser, pin("old")), WrongPin);
  token.login(PinRole::kUser, pin("new"));
  EXPECT_EQ(1U, token.list().keys.size());
  const auto fresh = open(path);
  fresh->token().login(PinRole::kUser, pin("new"));
  EXPECT_EQ(1U, fresh->token().list().keys.size());
  unsigned files = 0;
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    EXPECT_EQ(".p12", entry.path().extension()) << "no draft is left";
    ++files;
  }
  EXPECT_EQ(1U, files);
}

TEST_F(Files, ObjectsAreMadeAndDeleted) {
  const fs::path path = make("a.p12", "x");
  const auto opened = open(path);
  Token& token = opened->token();
  token.login(PinRole::kUser, pin("x"));
  KeySpec spec;
  spec.type = KeyType::kGost512;
  spec.label = "fresh";
  const ObjectRef made = token.generate_key(spec);
  EXPECT_EQ(2U, token.list().keys.size());
  Certificate certificate;
  certificate.id = from_hex("0102");
  certificate.label = "renewed";
  const ObjectRef stored = token.write_certificate(certificate, test::self_signed("NEW"));
  EXPECT_EQ(2U, token.list().certificates.size());
  ObjectChange change;
  change.id = from_hex("0304");
  change.label = "renamed";
  token.change_key(made, change);
  token.delete_certificate(stored);
  const auto fresh = open(path);
  fresh->token().login(PinRole::kUser, pin("x"));
  ASSERT_EQ(2U, fresh->token().list().keys.size());
  EXPECT_EQ("renamed", fresh->token().list().keys.at(1).label);
  EXPECT_EQ(from_hex("0304"), fresh->token().list().keys.at(1).id);
  EXPECT_EQ(1U, fresh->token().list().certificates.size());
  fresh->token().delete_key(made, KeyHalf::kPrivate);
  EXPECT_EQ(1U, fresh->token().list().keys.size());
  EXPECT_THROW(fresh->token().delete_key(made, KeyHalf::kPrivate), ObjectNotFound);
  EXPECT_THROW(opened->begin(), CardReset) << "the first one sees that the file was changed";
  EXPECT_TRUE(token.list().keys.empty()) << "its login is gone";
  EXPECT_NO_THROW(opened->begin());
}

TEST_F(Files, ANewFileInTheFreePlace) {
  const std::string free = (folder_.path() / "+").string();
  ASSERT_TRUE(present(free));
  const auto opened = source_->open(free);
  Token& token = opened->token();
  EXPECT_FALSE(token.info().initialized);
  EXPECT_THROW(token.login(PinRole::kUser, pin("x")), NotSupported);
  FormatRequest request;
  request.label = "Fresh key                       ";
  request.so_pin = pin("secret");
  token.format(request);
  EXPECT_TRUE(token.info().initialized);
  EXPECT_TRUE(fs::exists(folder_.path() / "Fresh key.p12"));
  token.login(PinRole::kSo, pin("secret"));
  token.init_user_pin(pin("users"));
  token.logout();
  token.login(PinRole::kUser, pin("users"));
  KeySpec spec;
  spec.type = KeyType::kGost512;
  static_cast<void>(token.generate_key(spec));
  const Key key = token.list().keys.at(0);
  EXPECT_EQ(ca_key_id(key.public_key), key.id);
  EXPECT_EQ(20U, key.id.size());
  EXPECT_TRUE(present(free)) << "the place's name stays the new file's";
  EXPECT_FALSE(present((folder_.path() / "Fresh key.p12").string()));
  EXPECT_TRUE(present(free + "2")) << "and there is a new free place";
  EXPECT_THROW(token.format(request), NotSupported);
}

TEST_F(Files, CertificatesAreRememberedOnceSeen) {
  test::TemporaryFolder cache;
  const fs::path path = make("a.p12", "x");
  cache::set_folder(cache.path());
  {
    const auto opened = open(path);
    EXPECT_TRUE(opened->token().list().certificates.empty());
    opened->token().login(PinRole::kUser, pin("x"));
  }
  const auto again = open(path);
  ASSERT_EQ(1U, again->token().list().certificates.size());
  EXPECT_TRUE(again->token().list().keys.empty());
  EXPECT_EQ("OWNER", again->token().info().label);
  make("a.p12", "x");  // another key and certificate under the same name
  const auto other = open(path);
  EXPECT_TRUE(other->token().list().certificates.empty());
}

TEST_F(Files, AFileThatVanishesAndComesBack) {
  const fs::path path = make("a.p12", "x");
  const auto opened = open(path);
  const fs::path aside = folder_.path() / "aside";
  fs::rename(path, aside);
  EXPECT_FALSE(present(path.string()));
  EXPECT_THROW(opened->begin(), CardRemoved);
  EXPECT_THROW((void)source_->open(path.string()), CardRemoved);
  fs::rename(aside, path);
  EXPECT_TRUE(present(path.string()));
  open(path)->token().login(PinRole::kUser, pin("x"));
}

TEST_F(Files, WhatIsNoKeyFileIsLookedAtOnceUntilItChanges) {
  const fs::path path = folder_.path() / "a.p12";
  write(path, Bytes(500, 0x41));
  EXPECT_THROW((void)open(path), TokenNotRecognized);
  const auto before = source_->readers();
  make("a.p12", "x");
  EXPECT_NE(before, source_->readers()) << "worth another look";
  EXPECT_NO_THROW((void)open(path));
  write(folder_.path() / "b.p12", Bytes{});
  EXPECT_FALSE(present((folder_.path() / "b.p12").string()));
}

TEST_F(Files, ALinkStaysALink) {
  const fs::path path = make("real", "x"), link = folder_.path() / "link.p12";
  fs::create_symlink(path, link);
  const auto opened = open(link);
  opened->token().change_pin(PinRole::kUser, pin("x"), pin("y"));
  EXPECT_TRUE(fs::is_symlink(link));
  const auto fresh = open(link);
  fresh->token().login(PinRole::kUser, pin("y"));
}

TEST_F(Files, ChangedBetweenLookAndWritingIsNotOverwritten) {
  const fs::path path = make("a.p12", "x");
  const auto opened = open(path);
  opened->token().login(PinRole::kUser, pin("x"));
  make("a.p12", "other");
  KeySpec spec;
  spec.type = KeyType::kGost512;
  EXPECT_THROW((void)opened->token().generate_key(spec), ReaderBusy);
  const auto fresh = open(path);
  fresh->token().login(PinRole::kUser, pin("other"));
  EXPECT_EQ(1U, fresh->token().list().keys.size());
}

TEST_F(Files, ReadOnly) {
  if (geteuid() == 0) GTEST_SKIP() << "root writes everywhere";
  const fs::path path = make("a.p12", "x");
  fs::permissions(folder_.path(), fs::perms::owner_read | fs::perms::owner_exec);
  const auto opened = open(path);
  EXPECT_TRUE(opened->token().info().write_protected);
  opened->token().login(PinRole::kUser, pin("x"));
  EXPECT_THROW(opened->token().change_pin(PinRole::kUser, pin("x"), pin("y")), WriteProtected);
  EXPECT_EQ(1U, opened->token().list().keys.size());
  fs::permissions(folder_.path(), fs::perms::owner_all);
}

TEST_F(Files, AThousand) {
  const fs::path first = make("0.p12", "x");
  for (int i = 1; i < 1000; ++i)
    fs::copy_file(first, folder_.path() / (std::to_string(i) + ".p12"));
  EXPECT_EQ(1001U, source_->readers().size());
}

TEST(FilePlace, WrongPasswordsWaitLongerEachTime) {
  FileLocation place(fs::path("/nowhere"));
  auto last = place.delay();
  EXPECT_EQ(0, last.count());
  for (int i = 0; i < 5; ++i) {
    place.note_wrong();
    EXPECT_GT(place.delay(), last);
    last = place.delay();
  }
  place.note_wrong();
  EXPECT_EQ(last, place.delay()) << "no longer than some seconds";
  place.note_right();
  EXPECT_EQ(0, place.delay().count());
}

}  // namespace
}  // namespace kilt::files
