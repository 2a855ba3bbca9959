#include "drivers/crypto/pkcs12.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include "apdu/tlv.h"
#include "drivers/crypto/gost_curve.h"
#include "tests/support/x509_maker.h"

namespace kilt::crypto {
namespace {

Password word(const char* text) { return Password(to_bytes(text)); }

/// One GOST key and a certificate beside it, as the CA gives them out.
Pkcs12 sample() {
  Pkcs12 file;
  const Bytes id(20, 0xA5);
  file.add_key(generate_gost_key(kazakh_512_curve(), kazakh_512_hash()), id, "a5a5");
  file.add_certificate(test::self_signed("OWNER"), id, "a5a5");
  return file;
}

const Pkcs12Bag* key_of(const Pkcs12& file) {
  for (const Pkcs12Bag& bag : file.bags())
    if (bag.kind == Pkcs12Bag::Kind::kKey) return &bag;
  return nullptr;
}

/// The same value with indefinite lengths wherever BER allows them, as Java's writers do.
Bytes indefinite(BytesView der) {
  Bytes out;
  tlv::Reader reader(der);
  while (const auto node = reader.next()) {
    if (!node->constructed()) {
      append(out, node->encoded);
      continue;
    }
    out.push_back(static_cast<Byte>(node->tag));
    out.push_back(0x80);
    append(out, indefinite(node->value));
    append(out, Bytes{0x00, 0x00});
  }
  return out;
}

TEST(Pkcs12, WrittenAndOpened) {
  const Pkcs12 file = sample();
  const Bytes written = file.write(word("Qwerty12"));
  EXPECT_TRUE(Pkcs12::looks_like(written));
  const Pkcs12 again = Pkcs12::open(written, word("Qwerty12"));
  ASSERT_EQ(2U, again.bags().size());
  const Pkcs12Bag& key = *key_of(again);
  ASSERT_TRUE(key.key) << key.unusable_reason;
  EXPECT_EQ(Bytes(20, 0xA5), key.local_key_id);
  EXPECT_EQ("a5a5", key.friendly_name);
  EXPECT_EQ(std::get<GostPublicKey>(key_of(file)->key->public_key()).point,
            std::get<GostPublicKey>(key.key->public_key()).point);
  EXPECT_EQ("3DES", again.encryption());
  EXPECT_EQ(file.bags().back().certificate, again.bags().back().certificate);
}

TEST(Pkcs12, CertificatesWithoutKeys) {
  const Bytes written = sample().write(word("Qwerty12"));
  const auto closed = Pkcs12::certificates(written, nullptr);
  EXPECT_TRUE(closed.closed);
  EXPECT_TRUE(closed.found.empty());
  const Password right = word("Qwerty12");
  const auto opened = Pkcs12::certificates(written, &right);
  EXPECT_FALSE(opened.closed);
  ASSERT_EQ(1U, opened.found.size());
  EXPECT_EQ(opened.found.front(), Pkcs12::certificates(indefinite(written), &right).found.front());
  const Password wrong = word("Qwerty13");
  EXPECT_THROW(static_cast<void>(Pkcs12::certificates(written, &wrong)), WrongPassword);
  EXPECT_THROW(static_cast<void>(Pkcs12::certificates(BytesView(written).first(100), nullptr)),
               Error);
}

TEST(Pkcs12, WrongPasswordAndDamage) {
  const Bytes written = sample().write(word("Qwerty12"));
  EXPECT_THROW((void)Pkcs12::open(written, word("qwerty12")), WrongPassword);
  EXPECT_THROW((void)Pkcs12::open(written, word("")), WrongPassword);
  for (std::size_t size = 0; size < written.size(); size += 7)
    EXPECT_THROW((void)Pkcs12::open(BytesView(written).first(size), word("Qwerty12")), Error);
  Bytes damaged = written;
  damaged[damaged.size() / 2] ^= 0x01;
  EXPECT_THROW((void)Pkcs12::open(damaged, word("Qwerty12")), Error);
}

TEST(Pkcs12, PasswordsOfEveryKind) {
  const Pkcs12 file = sample();
  for (const char* password : {"", "пароль", "Құпия сөз 12", "\xF0\x9F\x94\x91", "\xFF\xFE"}) {
    SCOPED_TRACE(password);
    EXPECT_TRUE(key_of(Pkcs12::open(file.write(word(password)), word(password)))->key);
    const Bytes strong = file.write(word(password), Encryption::kAes256);
    const Pkcs12 opened = Pkcs12::open(strong, word(password));
    EXPECT_EQ("AES-256", opened.encryption());
    EXPECT_TRUE(key_of(opened)->key);
  }
}

TEST(Pkcs12, EmptyPasswordOfTheOtherConvention) {
  Password none(BytesView{});
  none.use_zero_length();
  EXPECT_TRUE(key_of(Pkcs12::open(sample().write(none), word("")))->key);
}

TEST(Pkcs12, ANewPasswordKeepsTheFormat) {
  for (const auto encryption : {Encryption::kTripleDes, Encryption::kAes256}) {
    const Pkcs12 first = Pkcs12::open(sample().write(word("old"), encryption), word("old"));
    const Bytes written = first.write(word("new"));
    EXPECT_THROW((void)Pkcs12::open(written, word("old")), WrongPassword);
    const Pkcs12 second = Pkcs12::open(written, word("new"));
    EXPECT_EQ(first.encryption(), second.encryption());
    EXPECT_TRUE(key_of(second)->key);
  }
}

/// A file by OpenSSL, with the certificate under RC2 of 40 bits as the CA's software has it.
Bytes by_openssl(const char* password, int key_pbe, int cert_pbe, int mac_iterations) {
  OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
  OSSL_PROVIDER* usual = OSSL_PROVIDER_load(context, "default");
  OSSL_PROVIDER* legacy = OSSL_PROVIDER_load(context, "legacy");
  EVP_PKEY* key = EVP_PKEY_Q_keygen(context, nullptr, "RSA", std::size_t{2048});
  X509* certificate = test::self_signed_x509("OPENSSL", key);
  PKCS12* made = PKCS12_create_ex(password, "name", key, certificate, nullptr, key_pbe, cert_pbe,
                                  2048, mac_iterations, 0, context, nullptr);
  Bytes der;
  if (made != nullptr) {
    der.resize(static_cast<std::size_t>(i2d_PKCS12(made, nullptr)));
    Byte* out = der.data();
    i2d_PKCS12(made, &out);
  }
  PKCS12_free(made);
  X509_free(certificate);
  EVP_PKEY_free(key);
  OSSL_PROVIDER_unload(legacy);
  OSSL_PROVIDER_unload(usual);
  OSSL_LIB_CTX_free(context);
  return der;
}

TEST(Pkcs12, OpensWhatOpensslWrites) {
  struct Case {
    const char* name;
    int key, certificate, mac;
  };
  for (const Case& one :
       {Case{"3DES, RC2-40", NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
             NID_pbe_WithSHA1And40BitRC2_CBC, 1024},
        Case{"3DES twice", NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
             NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 1},
        Case{"RC2-128", NID_pbe_WithSHA1And128BitRC2_CBC, NID_pbe_WithSHA1And128BitRC2_CBC, 2048},
        Case{"AES-256", NID_aes_256_cbc, NID_aes_256_cbc, 2048},
        Case{"AES-128", NID_aes_128_cbc, NID_aes_128_cbc, 2048},
        Case{"no MAC", NID_aes_256_cbc, NID_aes_256_cbc, -1}}) {
    SCOPED_TRACE(one.name);
    const Bytes file = by_openssl("пароль1", one.key, one.certificate, one.mac);
    ASSERT_FALSE(file.empty());
    for (const Bytes& form : {file, indefinite(file)}) {
      const Pkcs12 opened = Pkcs12::open(form, word("пароль1"));
      ASSERT_EQ(2U, opened.bags().size());
      const Pkcs12Bag* key = key_of(opened);
      ASSERT_TRUE(key != nullptr && key->key);
      EXPECT_EQ(KeyType::kRsa, key->key->type());
      EXPECT_EQ(2048U, key->key->bits());
      EXPECT_THROW((void)Pkcs12::open(form, word("пароль2")), WrongPassword);
      // And written again by us: OpenSSL opens it.
      const Bytes rewritten = opened.write(word("next"));
      const Byte* at = rewritten.data();
      PKCS12* parsed = d2i_PKCS12(nullptr, &at, static_cast<long>(rewritten.size()));
      ASSERT_NE(nullptr, parsed);
      EXPECT_EQ(1, PKCS12_verify_mac(parsed, "next", -1));
      PKCS12_free(parsed);
    }
  }
}

TEST(Pkcs12, RsaKeysOfAFileWork) {
  const Bytes file = by_openssl("x", NID_aes_256_cbc, NID_aes_256_cbc, 2048);
  const auto key = key_of(Pkcs12::open(file, word("x")))->key;
  Bytes block(256, 0x11);
  block[0] = 0;
  const Bytes signature = key->sign(block);
  EXPECT_EQ(256U, key->decrypt(signature).size());
  EXPECT_THROW((void)key->sign(Bytes(255, 1)), InvalidData);
  EXPECT_THROW((void)key->sign(Bytes(256, 0xFF)), InvalidData);
}

/// The iterations of the MAC (the file's last INTEGER) made something else.
Bytes with_iterations(const Bytes& file, BytesView number) {
  const auto outer = tlv::Reader(file).next();
  tlv::Reader fields(outer->value);
  Bytes body;
  append(body, fields.next()->encoded);
  append(body, fields.next()->encoded);
  tlv::Reader mac(fields.next()->value);
  Bytes mac_body;
  append(mac_body, mac.next()->encoded);
  append(mac_body, mac.next()->encoded);
  append(mac_body, tlv::encode(0x02, number));
  append(body, tlv::encode(0x30, mac_body));
  return tlv::encode(0x30, body);
}

TEST(Pkcs12, EndlessWorkIsRefused) {
  const Bytes file = sample().write(word("x"));
  for (const char* count : {"7FFFFFFF", "00FFFFFFFF", "7FFFFFFFFFFFFFFF", "00", "FF", "00989681"})
    EXPECT_THROW((void)Pkcs12::open(with_iterations(file, from_hex(count)), word("x")),
                 NotSupported)
        << count;
  Bytes deep{0x04, 0x00};
  for (int i = 0; i < 200; ++i) deep = tlv::encode(0x30, deep);
  EXPECT_THROW((void)Pkcs12::open(deep, word("x")), MalformedAnswer);
  EXPECT_THROW((void)Pkcs12::open(Bytes(5'000'000, 0x30), word("x")), NotSupported);
}

TEST(Pkcs12, TooManyBagsAreRefused) {
  Pkcs12 file;
  for (int i = 0; i < 10'000; ++i) file.add_certificate(Bytes{0x30, 0x00}, {}, "");
  EXPECT_THROW((void)Pkcs12::open(file.write(word("x")), word("x")), NotSupported);
}

TEST(Pkcs12, WhatIsNotUnderstoodStays) {
  Pkcs12 file = sample();
  Pkcs12Bag strange;
  strange.oid = from_hex("060B2A864886F70D010C0A0105");  // secretBag
  strange.value = from_hex("3003020105");
  file.bags().push_back(std::move(strange));
  Pkcs12Bag other_key;  // a key of no kind that is known
  other_key.kind = Pkcs12Bag::Kind::kKey;
  other_key.oid = from_hex("060B2A864886F70D010C0A0101");
  other_key.secret = SecureBytes(from_hex("300F020100300606042A03040504020500"));
  file.bags().push_back(std::move(other_key));
  const Pkcs12 once = Pkcs12::open(file.write(word("a")), word("a"));
  const Pkcs12 twice = Pkcs12::open(once.write(word("b")), word("b"));
  ASSERT_EQ(4U, twice.bags().size());
  unsigned others = 0, unusable = 0;
  for (const Pkcs12Bag& bag : twice.bags()) {
    if (bag.kind == Pkcs12Bag::Kind::kOther) {
      ++others;
      EXPECT_EQ(from_hex("3003020105"), bag.value);
    }
    if (!bag.unusable_reason.empty()) ++unusable;
  }
  EXPECT_EQ(1U, others);
  EXPECT_EQ(1U, unusable);
}

}  // namespace
}  // namespace kilt::crypto
