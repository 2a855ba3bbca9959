// PKCS#15 cards whose SELECT and READ BINARY have manners of their own: all objects are there, with
// their values, and keys sign (design decision 24).
#include <map>

#include <gmock/gmock.h>

#include "apdu/tlv.h"
#include "tests/drivers/iso7816/check.h"
#include "tests/support/altered_card.h"
#include "tests/support/card_test.h"

namespace kilt::test {
namespace {

constexpr Byte kSelect = 0xA4, kReadBinary = 0xB0;

bool succeeded(BytesView answer) { return answer.size() >= 2 && answer[answer.size() - 2] == 0x90; }

Bytes with_sw(Bytes answer, unsigned sw) {
  answer[answer.size() - 2] = static_cast<Byte>(sw >> 8);
  answer[answer.size() - 1] = static_cast<Byte>(sw);
  return answer;
}

/// The answer to SELECT with another tag instead of the file's size, or with a size of nothing.
Bytes with_size(Bytes answer, bool zero) {
  for (std::size_t at = 2; at + 3 < answer.size(); at += 2U + answer[at + 1])
    if (answer[at] == 0x80 || answer[at] == 0x81) {
      if (!zero) answer[at] = 0x8F;
      for (std::size_t i = 0; zero && i < answer[at + 1]; ++i) answer[at + 2 + i] = 0;
    }
  return answer;
}

struct Manner {
  const char* name;
  AlteredCard::Alter alter;
};

/// A file whose size the card does not tell ends with this status word at its end; what was read
/// before comes with 9000.
AlteredCard::Alter ends_with(unsigned sw) {
  return [=](BytesView command, Bytes truth) {
    if (command[1] == kSelect && succeeded(truth)) return with_size(std::move(truth), false);
    if (command[1] != kReadBinary || read_be(command.subspan(2, 2)) == 0) return truth;
    const bool behind = truth.size() == 2;  // 6B00, 6282 or 9000 without data
    return behind ? with_sw(std::move(truth), sw) : with_sw(std::move(truth), 0x9000);
  };
}

const std::vector<Manner>& manners() {
  static const std::vector<Manner> all{
      {"size_of_zero",
       [](BytesView command, Bytes truth) {
         const bool selected = command[1] == kSelect && succeeded(truth);
         return selected ? with_size(std::move(truth), true) : truth;
       }},
      {"select_warns_6283",
       [](BytesView command, Bytes truth) {
         const bool selected = command[1] == kSelect && succeeded(truth);
         return selected ? with_sw(std::move(truth), 0x6283) : truth;
       }},
      {"select_warns_6285",
       [](BytesView command, Bytes truth) {
         const bool selected = command[1] == kSelect && succeeded(truth);
         return selected ? with_sw(std::move(truth), 0x6285) : truth;
       }},
      {"select_by_path_only",
       [](BytesView command, Bytes truth) {
         const bool other = command[1] == kSelect && command[2] != 0x08;
         return other ? Bytes{0x6A, 0x86} : truth;
       }},
      {"end_of_file_6A82", ends_with(0x6A82)},
      {"end_of_file_6985", ends_with(0x6985)},
      {"end_of_file_6700", ends_with(0x6700)},
      {"end_of_file_6A86", ends_with(0x6A86)},
  };
  return all;
}

/// Labels and values of what a card shows.
using Contents = std::multimap<std::string, Bytes>;

class OddManners : public CardTest,
                   public ::testing::WithParamInterface<std::tuple<const char*, std::size_t>> {
 protected:
  static std::string kind() { return std::get<0>(GetParam()); }
  static const Manner& manner() { return manners()[std::get<1>(GetParam())]; }
  static const char* pin() { return kind() == "akey" ? "1234567890" : "123456"; }

  Contents contents() {
    Contents found;
    const ObjectList& list = token().list();
    EXPECT_THAT(list.odd, ::testing::IsEmpty());
    for (const Certificate& one : list.certificates)
      found.emplace("certificate " + one.label, token().read_certificate(one.ref));
    for (const DataObject& one : list.data)
      found.emplace("data " + one.label, token().read_data(one.ref));
    for (const Key& one : list.keys) found.emplace("key " + one.label, one.id);
    return found;
  }
};

TEST_P(OddManners, EverythingIsThereAndSigns) {
  host_.accepted = {"pkcs15", "iasecc"};
  insert(kind());
  const Contents expected = contents();
  const std::string serial = token().info().serial;
  ASSERT_GE(expected.size(), 3U);

  const std::shared_ptr<CardEndpoint> card = virtual_;
  card->reset();
  insert(std::make_shared<AlteredCard>(card, manner().alter));
  bind();
  EXPECT_EQ(expected, contents());
  EXPECT_EQ(serial, token().info().serial);
  login(pin());
  EXPECT_EQ(expected, contents()) << "after the login";
  unsigned verified = 0;
  for (const Key& key : token().list().keys) {
    const PublicKey half = std::holds_alternative<std::monostate>(key.public_key)
                               ? token().read_public_key(key.ref)
                               : key.public_key;
    const auto* rsa = std::get_if<RsaPublicKey>(&half);
    if (rsa == nullptr || !key.usage.sign || key.always_authenticate) continue;
    EXPECT_TRUE(verifies(*rsa, Hash::kSha256, "text",
                         token().sign(key, SignScheme::kRsaPkcs1, Hash::kSha256,
                                      digest_info(Hash::kSha256, "text"))));
    ++verified;
  }
  EXPECT_GE(verified, kind() == "akey" ? 2U : 0U);
}

INSTANTIATE_TEST_SUITE_P(Cards, OddManners,
                         ::testing::Combine(::testing::Values("akey", "iasecc"),
                                            ::testing::Range<std::size_t>(0, manners().size())),
                         [](const auto& one) {
                           return std::string(std::get<0>(one.param)) + "_" +
                                  manners()[std::get<1>(one.param)].name;
                         });

}  // namespace
}  // namespace kilt::test
