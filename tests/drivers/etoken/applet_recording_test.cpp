// The driver on public recordings of a 5110: the same objects, ids and labels as its maker's
// module showed there, the recorded login, the known answers of the key derivation.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/crypto/x509.h"
#include "drivers/etoken/applet/applet.h"
#include "drivers/etoken/applet/files.h"
#include "drivers/etoken/applet/pins.h"
#include "drivers/etoken/applet/records.h"
#include "drivers/registry.h"
#include "tests/drivers/etoken/recorded_card.h"
#include "tests/support/memory_transport.h"

namespace kilt::etoken::applet {
namespace {

using test::read_recording;
using test::read_vectors;
using test::RecordedCard;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Both recordings are of one token with the same objects. The maker's module kept a cache, so one
/// lacks the list of objects, the other the public keys: each is completed from the other.
std::vector<test::Exchange> completed(const std::string& name) {
  std::vector<test::Exchange> recording;
  for (const char* one : {"etoken/5110-list.txt", "etoken/5110-login-sign.txt"})
    if (name != one) recording = read_recording(one);
  for (auto& exchange : read_recording(name)) recording.push_back(std::move(exchange));
  return recording;
}

/// A bound driver over a card in memory.
class OnRecording : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    recorded_ = std::make_shared<RecordedCard>(completed(GetParam()));
    readers_.add_reader("reader");
    readers_.insert("reader", recorded_);
    card_ = std::make_unique<apdu::Card>(readers_.connect("reader"));
    token_ = open_token(*card_, ProfileSet::builtin());
  }
  /// The file of its reference; what the key is follows there.
  static std::string describe(const Key& key) {
    return to_hex(BytesView(key.ref).first(2)) + " " + to_hex(key.id) + " " + key.label;
  }
  static std::string describe(const Certificate& certificate) {
    return to_hex(certificate.ref) + " " + to_hex(certificate.id) + " " + certificate.label;
  }
  template <typename T>
  static std::vector<std::string> describe(const std::vector<T>& objects) {
    std::vector<std::string> lines;
    for (const T& object : objects) lines.push_back(describe(object));
    return lines;
  }

  test::MemoryTransport readers_;
  std::shared_ptr<RecordedCard> recorded_;
  std::unique_ptr<apdu::Card> card_;
  std::unique_ptr<Token> token_;
};

TEST_P(OnRecording, TheSameObjects) {
  const ObjectList& objects = token_->list();
  EXPECT_THAT(objects.odd, IsEmpty());
  EXPECT_THAT(objects.data, IsEmpty());
  EXPECT_THAT(describe(objects.keys),
              ElementsAre("6001 03 netbird-ca-reserva", "6002 02 csiqueira-estacao",
                          "6003 02 csiqueira-estacao"));
  EXPECT_THAT(describe(objects.certificates),
              ElementsAre("1002 03 netbird-ca-intermediaria", "1003 02 csiqueira-estacao"));
}

TEST_P(OnRecording, KeysHaveBothHalvesAndAReason) {
  const auto& keys = token_->list().keys;
  ASSERT_THAT(keys, SizeIs(3));
  for (const Key& key : keys) {
    EXPECT_EQ(KeyType::kEc, key.type);
    EXPECT_EQ(256U, key.bits);
    EXPECT_TRUE(key.has_private && key.has_public);
    EXPECT_THAT(key.unusable_reason, HasSubstr("secure messaging"));
  }
  // 6002 and 6003 have the same id; each has its own point.
  const auto& second = std::get<EcPublicKey>(keys[1].public_key);
  const auto& third = std::get<EcPublicKey>(keys[2].public_key);
  EXPECT_EQ("06082A8648CE3D030107", to_hex(second.parameters));
  EXPECT_EQ("04EF8D0A6C", to_hex(BytesView(second.point).first(5)));
  EXPECT_EQ("049E1859E5", to_hex(BytesView(third.point).first(5)));
}

TEST_P(OnRecording, CertificatesAreWhole) {
  const auto certificates = token_->list().certificates;
  ASSERT_THAT(certificates, SizeIs(2));
  EXPECT_THAT(token_->read_certificate(certificates[0].ref), SizeIs(452));
  const Bytes der = token_->read_certificate(certificates[1].ref);
  EXPECT_THAT(der, SizeIs(494));
  const auto key = std::get<EcPublicKey>(x509::public_key(der));
  EXPECT_EQ(key.point, std::get<EcPublicKey>(token_->list().keys[1].public_key).point);
}

TEST_P(OnRecording, TheListIsReadOnce) {
  token_->list();
  const std::uint64_t generation = token_->list().generation;
  const std::size_t before = recorded_->commands().size();
  EXPECT_EQ(generation, token_->list().generation);
  EXPECT_EQ(2U, recorded_->commands().size() - before) << "SELECT, LIST";
}

INSTANTIATE_TEST_SUITE_P(Both, OnRecording,
                         testing::Values("etoken/5110-list.txt", "etoken/5110-login-sign.txt"));

using Login = OnRecording;

// The recorded challenge is answered with the recorded cryptogram, or the card would say 6D00.
TEST_P(Login, IsTheRecordedOneInFourCommands) {
  const auto recording = read_recording(GetParam());
  const std::size_t before = recorded_->commands().size();
  token_->login(PinRole::kUser, SecureBytes(to_bytes(std::string_view("1234567890"))));
  const auto& commands = recorded_->commands();
  ASSERT_EQ(4U, commands.size() - before);
  for (std::size_t i = before; i < commands.size(); ++i)
    EXPECT_TRUE(std::ranges::any_of(recording, [&](const auto& exchange) {
      return exchange.command == commands[i];
    })) << to_hex(commands[i]);
  EXPECT_EQ(5U, token_->pin_status(PinRole::kUser).tries_left);
  EXPECT_EQ(5U, token_->pin_status(PinRole::kUser).tries_max);
}

TEST_P(Login, AnotherPinGivesAnotherCryptogram) {
  EXPECT_ANY_THROW(
      token_->login(PinRole::kUser, SecureBytes(to_bytes(std::string_view("1234567891")))));
  EXPECT_EQ(0x11, recorded_->commands().back()[1]) << "and nothing is sent after it";
}

TEST_P(Login, SoNeedsAnExplicitChoice) {
  const std::size_t before = recorded_->commands().size();
  EXPECT_THROW(token_->login(PinRole::kSo, SecureBytes(to_bytes(std::string_view("1234567890")))),
               NotSupported);
  EXPECT_EQ(before, recorded_->commands().size());
}

TEST_P(Login, EmptyPinIsNotSent) {
  const std::size_t before = recorded_->commands().size();
  EXPECT_THROW(token_->login(PinRole::kUser, SecureBytes()), PinLength);
  EXPECT_EQ(before, recorded_->commands().size());
}

INSTANTIATE_TEST_SUITE_P(Second, Login, testing::Values("etoken/5110-login-sign.txt"));

TEST(LoginKey, KnownAnswers) {
  const auto vectors = read_vectors("etoken/login-vectors.txt", "kind=applet");
  ASSERT_THAT(vectors, SizeIs(2));
  for (auto vector : vectors) {
    const SecureBytes pin(to_bytes(std::string_view(vector["pin"])));
    const SecureBytes key = derive_login_key(pin, from_hex(vector["salt"]));
    EXPECT_EQ(vector["key"], to_hex(key.view()));
    EXPECT_EQ(vector["cryptogram"], to_hex(login_cryptogram(key, from_hex(vector["challenge"]))));
  }
}

}  // namespace
}  // namespace kilt::etoken::applet
