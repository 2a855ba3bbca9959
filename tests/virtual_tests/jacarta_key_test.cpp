// Key objects of the virtual JaCarta: generation, import, use, secret keys.
#include <gmock/gmock.h>

#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/tlv.h"
#include "tests/virtual_tests/jacarta_host.h"

namespace kilt::vtoken::jacarta {
namespace {

const char* const kDigestInfo =
    "3031300D060960864801650304020105000420000102030405060708090A0B0C0D0E0F101112131415161718191A1B"
    "1C1D1E1F";

class JacartaKey : public testing::Test {
 protected:
  JacartaKey() {
    host.select_applet();
    host.login("0020", "11111111");
    host.select("30003002");
  }
  /// CREATE of an empty private key object with Aladdin's rules; selects it.
  unsigned create_private(const std::string& id, unsigned bits) {
    const unsigned sw = host.send(
        "00E0080026"
        "62248A01048302" +
        id + "8002" + hex(be16(bits / 8)) + "8505050C2000A3860E" + "0000002000FF0000002000200020" +
        "7100");
    if (sw == kOk) host.send("80A4000002" + id);
    return sw;
  }
  /// Generates in the selected object, returns the public key.
  RsaKey generate(const char* algorithm) {
    const Bytes answer = host.all(host.send(std::string("004700000B"
                                                        "AC098001") +
                                            algorithm + "81810301000100"));
    return public_key(answer);
  }
  static RsaKey public_key(const Bytes& answer) {
    const auto outer = parse_tlvs(answer);
    const auto inner = parse_tlvs(outer->at(0).value);
    return {find(*inner, 0x81)->value, find(*inner, 0x82)->value, {}};
  }
  static Bytes type_1(std::size_t size) {
    Bytes block{0x00, 0x01};
    const Bytes info = unhex(kDigestInfo);
    block.resize(size - info.size() - 1, 0xFF);
    block.push_back(0x00);
    append(block, info);
    return block;
  }
  static Bytes tagged(unsigned tag, const Bytes& value) {
    Bytes out;
    append_tlv(out, tag, value);
    return out;
  }
  std::string operation(const char* what, const Bytes& data) {
    return std::string("002A") + what + hex({static_cast<std::uint8_t>(data.size())}) + hex(data) +
           "00";
  }

  Laser card;
  Host host{card};
};

TEST_F(JacartaKey, SignsRawAndDeciphersWithEverySize) {
  const std::pair<unsigned, const char*> sizes[] = {{1024, "06"}, {2048, "07"}, {4096, "08"}};
  std::uint8_t id = 0x41;
  for (const auto& [bits, algorithm] : sizes) {
    ASSERT_EQ(create_private("00" + hex({id++}), bits), kOk);
    const RsaKey key = generate(algorithm);
    const std::size_t size = bits / 8;
    ASSERT_THAT(key.n, testing::SizeIs(size));
    // The card pads.
    const Bytes signature =
        host.all(host.send(operation("9E8A", tagged(0x80, unhex(kDigestInfo)))));
    EXPECT_EQ(hex(power(signature, key.e, key.n)), hex(type_1(size)));
    // The host pads.
    const Bytes raw = host.all(host.chain("002A800C", tagged(0x82, type_1(size)), true));
    EXPECT_EQ(raw, tagged(0x80, signature));
    // Decipher: the card strips.
    Bytes block{0x00, 0x02};
    block.resize(size - 4, 0x5A);
    append(block, {0x00, 'h', 'i', '!'});
    const Bytes cryptogram = power(block, key.e, key.n);
    const Bytes plain = host.all(host.chain("002A800A", tagged(0x82, cryptogram), true));
    EXPECT_EQ(plain, tagged(0x80, text("hi!")));
    block[1] = 0x01;
    EXPECT_EQ(host.chain("002A800A", tagged(0x82, power(block, key.e, key.n)), true), kBadData);
    EXPECT_EQ(public_key(host.all(host.send("8048000000"))).n, key.n);
  }
}

TEST_F(JacartaKey, GenerationWithoutLeAnswersNothing) {
  ASSERT_EQ(create_private("0041", 1024), kOk);
  EXPECT_EQ(host.send("8048000000"), kNoReference) << "no key yet";
  EXPECT_EQ(host.send(operation("9E8A", tagged(0x80, {1}))), kNoReference);
  EXPECT_EQ(host.send("004700000C"
                      "AC8109800106818103010001"),
            kOk);
  EXPECT_THAT(host.data(), testing::IsEmpty());
  EXPECT_EQ(host.send("004700000C"
                      "AC8109800107818103010001"),
            kBadData)
      << "another size";
  EXPECT_EQ(host.send("004700000B"
                      "AC09800106818103010003"),
            kBadData)
      << "another exponent";
}

TEST_F(JacartaKey, NothingWithoutALogin) {
  ASSERT_EQ(create_private("0041", 1024), kOk);
  generate("06");
  host.send("8028FFFF");
  EXPECT_EQ(host.send(operation("9E8A", tagged(0x80, {1}))), kDenied);
  EXPECT_EQ(host.send(operation("800C", tagged(0x82, Bytes(128, 0)))), kDenied);
  EXPECT_EQ(host.send("004700000C"
                      "AC8109800106818103010001"),
            kDenied);
  EXPECT_EQ(host.send("8048000000"), kOk) << "the public half is free";
  host.send("80A4030000");
  EXPECT_EQ(create_private("0042", 1024), kDenied);
}

TEST_F(JacartaKey, ImportsInBothWays) {
  const RsaKey key = make_rsa(2048);
  Bytes numbers = tagged(0x90, key.e);
  append(numbers, tagged(0x91, key.n));
  append(numbers, tagged(0x92, key.d));
  // Aladdin's: into an empty object.
  ASSERT_EQ(create_private("0041", 2048), kOk);
  ASSERT_EQ(host.chain("80240000", tagged(0x62, numbers), false), kOk);
  EXPECT_EQ(public_key(host.all(host.send("8048000000"))).n, key.n);
  const Bytes signature = host.all(host.send(operation("9E8A", tagged(0x80, unhex(kDigestInfo)))));
  EXPECT_EQ(hex(power(signature, key.e, key.n)), hex(type_1(256)));
  // Athena's: the value comes with CREATE.
  Bytes file = unhex(
      "8A0104"
      "83020042"
      "80020100"
      "8505050C2000A3"
      "860E000000FF00FF0020002000000020");
  append(file, tagged(0x71, numbers));
  host.select("30003002");
  ASSERT_EQ(host.chain("00E00800", tagged(0x62, file), false), kOk);
  host.select("300030020042");
  EXPECT_EQ(host.all(host.send(operation("9E8A", tagged(0x80, unhex(kDigestInfo))))), signature);
  // Primes that are not the modulus' are refused.
  append(numbers, tagged(0x93, Bytes(256, 0x55)));
  host.select("300030020041");
  EXPECT_EQ(host.chain("80240000", tagged(0x62, numbers), false), kBadData);
}

TEST_F(JacartaKey, PublicObjects) {
  const RsaKey key = make_rsa(1024);
  Bytes numbers = tagged(0x90, key.e);
  append(numbers, tagged(0x91, key.n));
  Bytes file = unhex(
      "8A0104"
      "83020081"
      "80020080"
      "8505050820 00A3"
      "860E000000FF00FF0000000000000000");
  append(file, tagged(0x71, numbers));
  host.select("30003001");
  host.send("8028FFFF");
  ASSERT_EQ(host.chain("00E00800", tagged(0x62, file), false), kOk);
  host.select("300030010081");
  const Bytes result = host.all(host.chain("002A820C", tagged(0x80, type_1(128)), true));
  EXPECT_EQ(result, tagged(0x82, power(type_1(128), key.e, key.n)));
  EXPECT_EQ(host.send(operation("9E8A", tagged(0x80, {1}))), kConditions) << "no private half";
  Bytes large(128, 0xFF);
  EXPECT_EQ(host.chain("002A820C", tagged(0x80, large), true), kBadData);
}

TEST_F(JacartaKey, SecretKeys) {
  host.select("30003001");
  const auto create = [&](const char* id, const char* algorithm, const Bytes& value) {
    Bytes file = unhex(std::string("8A01048302") + id + "8002" + hex(be16(value.size())) +
                       "8505010C" + algorithm + "00A3" + "860E000000FF00FF0000000000000000");
    append(file, tagged(0x82, value));
    const unsigned sw = host.chain("00E00800", tagged(0x62, file), false);
    host.select(std::string("30003001") + id);
    return sw;
  };
  // FIPS 197, appendix C.1.
  ASSERT_EQ(create("00C1", "11", unhex("000102030405060708090A0B0C0D0E0F")), kOk);
  const Bytes block = unhex("00112233445566778899AABBCCDDEEFF");
  ASSERT_EQ(host.send(operation("820E", tagged(0x80, block))), kOk);
  EXPECT_EQ(hex(host.data()), "821069C4E0D86A7B0430D8CDB78070B4C55A");
  ASSERT_EQ(host.send(operation("800E", tagged(0x82, unhex("69C4E0D86A7B0430D8CDB78070B4C55A")))),
            kOk);
  EXPECT_EQ(host.data(), tagged(0x80, block));
  EXPECT_EQ(host.send(operation("800E", tagged(0x82, Bytes(24, 0)))), kBadParameters);
  ASSERT_EQ(host.send(operation("9E12", tagged(0x80, block))), kOk);
  EXPECT_EQ(hex(host.data()), "69C4E0D86A7B0430D8CDB78070B4C55A") << "one block: its cryptogram";
  // The well-known single DES example.
  host.select("30003001");
  ASSERT_EQ(create("00C2", "10", unhex("133457799BBCDFF1")), kOk);
  ASSERT_EQ(host.send(operation("8205", tagged(0x80, unhex("0123456789ABCDEF")))), kOk);
  EXPECT_EQ(hex(host.data()), "820885E813540F0AB405");
  EXPECT_EQ(host.send("00B0000000"), kWrongType) << "a key object is no file";
  EXPECT_EQ(hex(host.information("3000300100C2")),
            "6224870108830200C2800200088A0104860E000000FF00FF00000000000000008504010C1000");
}

TEST_F(JacartaKey, NoLargeKeysOnAthena) {
  Laser other;
  other.set("personality", "athena");
  Host on(other);
  on.select_applet();
  on.login("0020", "11111111");
  on.select("30003002");
  ASSERT_EQ(on.send("00E0080026"
                    "62248A01048302004180020200"
                    "8505050C2000A3"
                    "860E0000002000FF0000002000200020"
                    "7100"),
            kOk);
  on.select("300030020041");
  EXPECT_EQ(on.send("004700000B"
                    "AC09800108818103010001"),
            kBadData);
}

}  // namespace
}  // namespace kilt::vtoken::jacarta
