// What a PKCS#15 card keeps in an unusual way: names, numbers, PINs, and a SIM's rules.
#include <gmock/gmock.h>

#include "drivers/crypto/asn1.h"
#include "drivers/pkcs15/encode.h"
#include "tests/drivers/iso7816/check.h"
#include "tests/support/altered_card.h"
#include "tests/support/card_test.h"

namespace kilt::test {
namespace {

using ::testing::HasSubstr;

constexpr std::uint16_t kOdf = 0x5031, kTokenInfo = 0x5032;

class OddContents : public CardTest {
 protected:
  /// AKEYSIM with other contents of some files.
  std::shared_ptr<AlteredCard> card_with(std::map<std::uint16_t, Bytes> files,
                                         const Settings& settings = {}) {
    auto card = vtoken::make_card("akey");
    for (const auto& [key, value] : settings) card->set(key, value);
    virtual_ = std::make_shared<VirtualEndpoint>(std::move(card));
    auto altered = std::make_shared<AlteredCard>(virtual_, with_files(std::move(files)));
    insert(altered);
    return altered;
  }
  static Bytes token_info(const std::string& label, const Bytes& serial) {
    pkcs15::TokenInfoEntry info;
    info.label = label;
    info.serial = serial;
    return pkcs15::encode_token_info(info);
  }
};

TEST_F(OddContents, ALongSerialNumberIsToldByItsEnd) {
  // Twelve bytes in common, as a maker's series has them.
  Bytes one = from_hex("0102030405060708090A0B0C 1112131415161718"), other = one;
  other.back() = 0x19;
  card_with({{kTokenInfo, token_info("Card", one)}});
  EXPECT_EQ("1112131415161718", bind().info().serial);
  card_with({{kTokenInfo, token_info("Card", other)}});
  EXPECT_EQ("1112131415161719", bind().info().serial);
}

TEST_F(OddContents, ACardWithoutANameIsCalledByWhatItIs) {
  const Bytes nameless = token_info("", {1, 2});
  card_with({{kTokenInfo, nameless}});
  EXPECT_EQ("AKEYSIM", bind().info().label) << "the name in EF.DIR";
  card_with({{kTokenInfo, nameless}}, {{"ef-dir", "absent"}});
  EXPECT_EQ("AKEYSIM", bind().info().label) << "the ATR's";
  // Of a card whose ATR has no text either.
  const auto card = card_with({{kTokenInfo, nameless}}, {{"ef-dir", "absent"}});
  card->set_atr(from_hex("3B 80 80 01 01"));
  insert(std::static_pointer_cast<CardEndpoint>(card));
  EXPECT_EQ("PKCS#15", bind().info().label);
  EXPECT_EQ("PKCS#15", token().info().model);
}

/// The user PIN's entry with a BIT STRING of no bytes where flags are.
TEST_F(OddContents, ABitStringOfNothingCostsNoLogin) {
  constexpr std::uint16_t kPins = 0x4401;
  Bytes common = tlv::encode(asn1::kUtf8String, to_bytes(std::string_view("Code")));
  append(common, from_hex("0300"));
  Bytes type = from_hex("0300 0A0101 020106 020110 020110 800101");
  Bytes entry = tlv::encode(asn1::kSequence, common);
  append(entry, tlv::encode(asn1::kSequence, from_hex("040101")));
  append(entry, tlv::encode(asn1::context(1), tlv::encode(asn1::kSequence, type)));
  card_with({{kPins, tlv::encode(asn1::kSequence, entry)}}, {{"pin-pad", "none"}});
  EXPECT_EQ(6U, bind().pin_status(PinRole::kUser).min_length);
  EXPECT_TRUE(token().info().login_required);
  login("1234567890");
}

// GlobalPlatform's example of a SIM: an ODF of one directory of data objects, whose only entry
// names the access rules.
TEST_F(OddContents, ASimWithAccessRulesIsNoToken) {
  const Bytes odf = from_hex("A706 3004 0402 5207");
  const Bytes globalplatform = from_hex(
      "A129 3000 300F 0C0D 47502053452041636320 43746C A114 3012 060A2A864886FC6B81480101"
      "3004 0402 4200 FFFFFFFF");
  const Bytes jsr177 = from_hex(
      "A12B 3000 300F 0C0D 5341545341 2047544F20312E31 A116 3014 060C2B060104012A026E03010101"
      "3004 0402 4531");
  for (const Bytes& rules : {globalplatform, jsr177}) {
    card_with({{kOdf, odf}, {0x5207, rules}});
    EXPECT_THAT([&] { bind(); }, ::testing::ThrowsMessage<TokenNotRecognized>(HasSubstr("SIM")));
    EXPECT_LE(endpoint_->count(), 14U);
  }
  // Data of the same form under another identifier is a token's.
  Bytes other = globalplatform;
  other[36] ^= 0x01;
  card_with({{kOdf, odf}, {0x5207, other}});
  EXPECT_EQ(1U, bind().list().data.size());
}

}  // namespace
}  // namespace kilt::test
