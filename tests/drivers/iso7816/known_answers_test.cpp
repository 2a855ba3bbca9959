// Numbers that real ID cards gave, as the CA published them (tests/data/idcard/README.md).
#include <fstream>
#include <sstream>

#include "drivers/iso7816/key_slots.h"
#include "drivers/profile/profile.h"
#include "tests/drivers/iso7816/check.h"
#include "tests/support/card_test.h"
#include "tests/support/paths.h"

namespace kilt::test {
namespace {

struct Row {
  Byte container;
  Bytes modulus, signature;
};

std::vector<Row> rows(const char* file) {
  std::ifstream stream(std::string(kilt::test::paths::data()) + "/idcard/" + file);
  std::vector<Row> result;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string container, modulus, signature;
    words >> container >> modulus >> signature;
    result.push_back({from_hex(container)[0], from_hex(modulus), from_hex(signature)});
  }
  return result;
}

/// The 271 bytes: 15 of header, then the modulus.
Bytes key_answer(const Row& row) {
  Bytes answer{0xFF, 0xA0, row.container, 0x82, 0x01, 0x09, 0x7F, 0x49,
               0x82, 0x01, 0x04,          0x81, 0x82, 0x01, 0x00};
  append(answer, row.modulus);
  return answer;
}

class KnownAnswers : public ::testing::TestWithParam<const char*> {};

TEST_P(KnownAnswers, KeysAreReadAndSignaturesVerify) {
  const auto known = rows(GetParam());
  ASSERT_FALSE(known.empty());
  const Bytes exponent = ProfileSet::builtin().find("kz-idcard-soma")->commands.public_key.exponent;
  for (const Row& row : known) {
    const Bytes answer = key_answer(row);
    ASSERT_EQ(271U, answer.size());
    const auto key = iso7816::parse_public_key(answer, exponent);
    ASSERT_TRUE(key);
    EXPECT_EQ(row.modulus, key->modulus);
    EXPECT_TRUE(verifies(*key, Hash::kSha1, "test", row.signature));
    EXPECT_FALSE(verifies(*key, Hash::kSha1, "Test", row.signature));
  }
}

INSTANTIATE_TEST_SUITE_P(Cards, KnownAnswers,
                         ::testing::Values("two-containers.txt", "four-containers.txt"),
                         [](const auto& param) { return std::string(param.param).substr(0, 3); });

/// A card that answers as the real one did: the driver's commands must be the tool's, byte for
/// byte.
class RecordedCard : public CardEndpoint {
 public:
  explicit RecordedCard(std::vector<Row> known) : rows_(std::move(known)) {}
  [[nodiscard]] Bytes atr() const override {
    return from_hex("3B3E9500534F4D412D633030372D44533161");
  }
  void reset() override {}
  Bytes transmit(BytesView command) override {
    const std::string hex = to_hex(command);
    if (hex.starts_with("00C00000")) return give(command[4] == 0 ? 256 : command[4]);
    pending_.clear();
    if (hex == "00A4000C023F00" || hex == "00A4000C020101") return {0x90, 0x00};
    if (hex == "00200002083132333430303030") return {0x90, 0x00};
    for (const Row& row : rows_) {
      const std::string n = to_hex(Bytes{row.container});
      const std::string kk = to_hex(Bytes{static_cast<Byte>(0x80 | row.container)});
      if (hex == "00CB3FFF0B4D09FFA0" + n + "057F49028100") return announce(key_answer(row));
      if (hex == "002241A4099501408401" + kk + "800102") {
        current_ = &row;
        return {0x90, 0x00};
      }
    }
    if (hex ==
        "0088020023"
        "3021300906052B0E03021A05000414"
        "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3")
      return current_ == nullptr ? Bytes{0x6A, 0x82} : announce(current_->signature);
    return {0x6A, 0x82};
  }

 private:
  Bytes announce(const Bytes& answer) {
    pending_ = answer;
    return {0x61, 0x00};
  }
  Bytes give(std::size_t size) {
    size = std::min(size, pending_.size());
    Bytes answer = to_bytes(BytesView(pending_).first(size));
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(size));
    append(answer,
           pending_.empty() ? Bytes{0x90, 0x00} : Bytes{0x61, static_cast<Byte>(pending_.size())});
    return answer;
  }

  std::vector<Row> rows_;
  Bytes pending_;
  const Row* current_ = nullptr;
};

class RecordedTest : public CardTest {};

TEST_F(RecordedTest, TheDriverSendsWhatTheToolSends) {
  for (const char* file : {"two-containers.txt", "four-containers.txt"}) {
    const auto known = rows(file);
    insert(std::make_shared<RecordedCard>(known));
    login("1234");
    const auto& keys = token().list().keys;
    ASSERT_EQ(known.size(), keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i)
      EXPECT_EQ(known[i].signature, token().sign(keys[i], SignScheme::kRsaPkcs1, Hash::kSha1,
                                                 digest_info(Hash::kSha1, "test")));
  }
}

}  // namespace
}  // namespace kilt::test
