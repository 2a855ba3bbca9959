// Ciphers, key wrap and HMAC with published values; parts of any size; what was changed is found.
#include "drivers/crypto/cipher.h"

#include <gtest/gtest.h>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/hash.h"

namespace kilt::crypto {
namespace {

CipherParameters parameters(BlockCipher cipher, CipherMode mode) {
  CipherParameters made;
  made.cipher = cipher;
  made.mode = mode;
  if (mode != CipherMode::kEcb) made.iv = Bytes(cipher_block_size(cipher), 0x17);
  if (mode == CipherMode::kGcm) {
    made.iv = from_hex("CAFEBABEFACEDBADDECAF888");
    made.tag_size = 16;
  }
  return made;
}

/// The whole in parts of `size` bytes; each has the length that was announced.
Bytes in_parts(Cipher cipher, BytesView data, std::size_t size) {
  Bytes all;
  while (!data.empty()) {
    const BytesView part = data.first(std::min(size, data.size()));
    const std::size_t announced = cipher.update_size(part.size());
    const Bytes output = cipher.update(part);
    EXPECT_EQ(announced, output.size());
    append(all, output);
    data = data.subspan(part.size());
  }
  EXPECT_TRUE(cipher.length_fits());
  append(all, cipher.finish());
  return all;
}

TEST(Cipher, EveryModeThereAndBackInPartsOfAnySize) {
  const Bytes plain(160, 0x42);
  for (const BlockCipher cipher : {BlockCipher::kAes, BlockCipher::kDes3})
    for (const CipherMode mode :
         {CipherMode::kEcb, CipherMode::kCbc, CipherMode::kCbcPad, CipherMode::kGcm}) {
      if (cipher == BlockCipher::kDes3 && mode == CipherMode::kGcm) continue;
      const CipherParameters made = parameters(cipher, mode);
      const Bytes key(24, 0x31);
      const Bytes whole = in_parts(Cipher(made, key, true), plain, plain.size());
      EXPECT_LE(whole.size(), Cipher(made, key, true).whole_size(plain.size()));
      for (const std::size_t size : {1U, 7U, 8U, 16U, 17U, 100U}) {
        EXPECT_EQ(to_hex(whole), to_hex(in_parts(Cipher(made, key, true), plain, size)));
        EXPECT_EQ(to_hex(plain), to_hex(in_parts(Cipher(made, key, false), whole, size)));
      }
    }
}

TEST(Cipher, GcmAsItsAuthorsHaveIt) {  // McGrew and Viega, test case 4
  CipherParameters made = parameters(BlockCipher::kAes, CipherMode::kGcm);
  made.more = from_hex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2");
  const Bytes key = from_hex("FEFFE9928665731C6D6A8F9467308308");
  const Bytes plain = from_hex(
      "D9313225F88406E5A55909C5AFF5269A86A7A9531534F7DA2E4C303D8A318A721C3C0C95956809532FCF0E2449A6"
      "B525"
      "B16AEDF5AA0DE657BA637B39");
  const Bytes expected = from_hex(
      "42831EC2217774244B7221B784D0D49CE3AA212F2C02A4E035C17E2329ACA12E21D514B25466931C7D8F6A5AAC84"
      "AA05"
      "1BA30B396A0AAC973D58E0915BC94FBC3221A5DB94FAE95AE7121A47");
  EXPECT_EQ(to_hex(expected), to_hex(in_parts(Cipher(made, key, true), plain, 16)));
  Bytes changed = expected;
  changed[3] ^= 1;
  Cipher cipher(made, key, false);
  EXPECT_TRUE(cipher.update(changed).empty()) << "nothing before the tag was checked";
  EXPECT_THROW((void)cipher.finish(), InvalidData);
}

TEST(Cipher, LengthsThatCannotBe) {
  const Bytes key(16, 1);
  Cipher block(parameters(BlockCipher::kAes, CipherMode::kCbc), key, true);
  (void)block.update(Bytes(17, 0));
  EXPECT_FALSE(block.length_fits());
  Cipher padded(parameters(BlockCipher::kAes, CipherMode::kCbcPad), key, false);
  EXPECT_FALSE(padded.length_fits()) << "not even the padding";
  Cipher authenticated(parameters(BlockCipher::kAes, CipherMode::kGcm), key, false);
  (void)authenticated.update(Bytes(15, 0));
  EXPECT_FALSE(authenticated.length_fits()) << "shorter than the tag";
  EXPECT_THROW((void)authenticated.finish(), InvalidData);
  EXPECT_THROW(Cipher(parameters(BlockCipher::kAes, CipherMode::kCbc), Bytes(17, 1), true),
               InvalidData);
}

TEST(KeyWrap, AsInRfc3394) {
  const Bytes kek = from_hex("000102030405060708090A0B0C0D0E0F");
  const Bytes key = from_hex("00112233445566778899AABBCCDDEEFF");
  Bytes wrapped = aes_wrap(kek, key);
  EXPECT_EQ("1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5", to_hex(wrapped));
  EXPECT_EQ(to_hex(key), to_hex(aes_unwrap(kek, wrapped).view()));
  wrapped[0] ^= 1;
  EXPECT_THROW((void)aes_unwrap(kek, wrapped), InvalidData);
  for (const std::size_t size : {0U, 8U, 15U, 17U})
    EXPECT_THROW((void)aes_wrap(kek, Bytes(size, 1)), InvalidData) << size;
}

TEST(Mac, AsInRfc4231) {
  Mac mac(Hash::kSha256, to_bytes(std::string_view("Jefe")));
  mac.update(to_bytes(std::string_view("what do ya want ")));
  mac.update(to_bytes(std::string_view("for nothing?")));
  EXPECT_EQ("5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
            to_hex(mac.finish()));
}

TEST(Digest, CopyGoesItsOwnWay) {
  for (const Hash hash : {Hash::kSha256, Hash::kStreebog512, Hash::kGost94}) {
    Digest one(hash);
    one.update(Bytes(100, 1));
    Digest other = one.clone();
    other.update(Bytes(100, 1));
    EXPECT_EQ(to_hex(digest(hash, Bytes(100, 1))), to_hex(one.finish()));
    EXPECT_EQ(to_hex(digest(hash, Bytes(200, 1))), to_hex(other.finish()));
  }
}

}  // namespace
}  // namespace kilt::crypto
