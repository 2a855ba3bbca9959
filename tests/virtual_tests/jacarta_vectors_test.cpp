// Known answers of PIN check and secure messaging.
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>

#include "tests/support/paths.h"
#include "tests/virtual/jacarta/tlv.h"
#include "tests/virtual_tests/jacarta_host.h"

namespace kilt::vtoken::jacarta {
namespace {

using Vector = std::map<std::string, std::string>;

std::vector<Vector> vectors(const std::string& name) {
  std::vector<Vector> found;
  std::ifstream file(std::string(kilt::test::paths::data()) + "/jacarta/vectors.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || word != name) continue;
    Vector& one = found.emplace_back();
    while (words >> word) one[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  return found;
}

Bytes joined(Bytes first, const Bytes& second) {
  append(first, second);
  return first;
}

TEST(JacartaVectors, PinCryptograms) {
  ASSERT_THAT(vectors("pin"), testing::SizeIs(3));
  for (const Vector& vector : vectors("pin")) {
    Laser card;
    const Bytes value = unhex(vector.at("value"));
    card.set("user-pin", std::string(value.begin(), value.end()));
    card.set("random", vector.at("card"));
    Host host(card);
    host.select_applet();
    host.select("0020");
    EXPECT_EQ(host.send("0084000008"), kOk);
    EXPECT_EQ(hex(host.data()), vector.at("card"));
    EXPECT_EQ(host.send("8020000010" + vector.at("cryptogram")), kOk);
  }
}

// The second vector's secret begins with a zero byte.
TEST(JacartaVectors, KeyAgreementPadsTheSecret) {
  const auto agreements = vectors("agreement");
  const auto commands = vectors("command");
  const auto answers = vectors("answer");
  ASSERT_THAT(agreements, testing::SizeIs(2));
  EXPECT_THAT(agreements[1].at("z"), testing::StartsWith("00"));
  for (std::size_t i = 0; i < agreements.size(); ++i) {
    Laser card;
    card.set("dh-group", agreements[i].at("group"));
    card.set("dh-key", agreements[i].at("y"));
    Host host(card);
    host.select_applet();
    ASSERT_EQ(host.login("0020", "11111111"), kOk);
    card.set("random", agreements[i].at("r"));
    ASSERT_EQ(host.send("80860000"
                        "80" +
                        agreements[i].at("host") + "00"),
              kOk);
    EXPECT_EQ(hex(host.data()), agreements[i].at("r"));
    ASSERT_EQ(host.send(commands[i].at("wrapped")), kOk);
    EXPECT_EQ(hex(host.data()), answers[i].at("wrapped"));
    EXPECT_EQ(host.login("0020", "12345678"), kOk) << "the change is done";
  }
}

TEST(JacartaVectors, MessagesOfARealCard) {
  ASSERT_THAT(vectors("command"), testing::SizeIs(5));
  std::string keys;
  std::optional<Channel> channel;
  const auto answers = vectors("answer");
  std::size_t i = 0;
  for (const Vector& vector : vectors("command")) {
    const Bytes r = joined(unhex(vector.at("kenc")), unhex(vector.at("kmac")));
    if (vector.at("ssc") == "1") channel.emplace(Bytes(128, 0), r);
    const Bytes wrapped = unhex(vector.at("wrapped"));
    Apdu apdu{wrapped[0], wrapped[1], wrapped[2], wrapped[3], {}, false, 0, false};
    apdu.data.assign(wrapped.begin() + 5, wrapped.begin() + 5 + wrapped[4]);
    const auto plain = channel->unwrap(apdu);
    ASSERT_TRUE(plain) << vector.at("wrapped");
    Bytes again{plain->cla, plain->ins, plain->p1, plain->p2};
    if (!plain->data.empty()) again.push_back(static_cast<std::uint8_t>(plain->data.size()));
    append(again, plain->data);
    if (plain->has_le) again.push_back(static_cast<std::uint8_t>(plain->le));
    EXPECT_EQ(hex(again), vector.at("plain"));
    const Bytes answer = unhex(answers[i].at("plain"));
    EXPECT_EQ(hex(channel->wrap({Bytes(answer.begin(), answer.end() - 2), kOk})),
              answers[i].at("wrapped"));
    ++i;
  }
}

}  // namespace
}  // namespace kilt::vtoken::jacarta
